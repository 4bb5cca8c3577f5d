using BoxerMpi.Collectives;

namespace BoxerMpi;

// Calls on one value a rank that have no buffer to lend.
public static partial class CollectiveExtensions
{
    /// <inheritdoc cref="Gather{T}(Communicator, T, int)"/>
    public static async ValueTask<T[]> GatherAsync<T>(
        this Communicator communicator, T value, int root = 0, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        T[] values = communicator.Rank == root ? new T[communicator.Size] : [];
        await communicator.GatherAsync<T>(new[] { value }, values, root, cancellationToken).ConfigureAwait(false);
        return values;
    }

    /// <summary>The root sends a value to every rank.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="values">At the root a value for each rank; ignored elsewhere.</param>
    /// <param name="root">The rank that has the values.</param>
    /// <returns>The value for this rank.</returns>
    /// <exception cref="ArgumentException">The root has not one value for each rank.</exception>
    public static T ScatterValue<T>(this Communicator communicator, ReadOnlySpan<T> values, int root = 0)
        where T : unmanaged
    {
        T value = default;
        communicator.Scatter(values, new Span<T>(ref value), root);
        return value;
    }

    /// <inheritdoc cref="ScatterValue{T}(Communicator, ReadOnlySpan{T}, int)"/>
    public static async ValueTask<T> ScatterValueAsync<T>(
        this Communicator communicator, ReadOnlyMemory<T> values, int root = 0, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        T[] value = new T[1];
        await communicator.ScatterAsync(values, value.AsMemory(), root, cancellationToken).ConfigureAwait(false);
        return value[0];
    }

    /// <inheritdoc cref="Reduce{T}(Communicator, T, ReduceOp{T}, int)"/>
    public static ValueTask<T> ReduceAsync<T>(
        this Communicator communicator, T value, ReduceOp<T> op, int root = 0, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        ArgumentNullException.ThrowIfNull(op);
        Arguments.CheckRoot(communicator, root);
        return CollectiveEngine.Of(communicator).RunValueAsync(
            Key<T>(Collective.Reduce, 1) with { Root = root, Commutative = op.IsCommutative }, value, op, cancellationToken);
    }
}
