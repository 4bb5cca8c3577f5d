namespace BoxerMpi.Collectives;

/// <summary>An operation given as a function of two elements.</summary>
internal sealed class FunctionOp<T>(Func<T, T, T> function, bool isCommutative) : ReduceOp<T>("function", isCommutative)
    where T : unmanaged
{
    internal override bool IsBuiltIn => false;

    public override void Fold(Span<T> accumulator, ReadOnlySpan<T> later)
    {
        later = later[..accumulator.Length];
        for (int i = 0; i < accumulator.Length; i++)
            accumulator[i] = function(accumulator[i], later[i]);
    }
}

/// <summary>An operation given as a kernel.</summary>
internal sealed class KernelOp<T>(string name, ReduceKernel<T> kernel, bool isCommutative, bool isBuiltIn = false)
    : ReduceOp<T>(name, isCommutative)
    where T : unmanaged
{
    internal override bool IsBuiltIn => isBuiltIn;

    public override void Fold(Span<T> accumulator, ReadOnlySpan<T> later) => kernel(accumulator, later);
}
