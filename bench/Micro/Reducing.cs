using BenchmarkDotNet.Attributes;

namespace BoxerMpi.Micro;

/// <summary>Folding a vector into another: what reductions do between messages.</summary>
[MemoryDiagnoser]
public class Reducing
{
    private float[] _floats = [];
    private float[] _moreFloats = [];
    private double[] _doubles = [];
    private double[] _moreDoubles = [];

    [Params(16, 16 * 1024)]
    public int Elements { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        (_floats, _moreFloats) = (new float[Elements], new float[Elements]);
        (_doubles, _moreDoubles) = (new double[Elements], new double[Elements]);
    }

    [Benchmark]
    public void SumOfFloats() => ReduceOp<float>.Sum.Fold(_floats, _moreFloats);

    [Benchmark]
    public void MaximumOfDoubles() => ReduceOp<double>.Max.Fold(_doubles, _moreDoubles);

    [Benchmark(Baseline = true)]
    public void SumInALoop()
    {
        for (int i = 0; i < _floats.Length; i++)
            _floats[i] += _moreFloats[i];
    }
}
