using System.Diagnostics;

namespace HashJoin;

/// <summary>Seconds by phase on this rank; phases may be entered more than once.</summary>
internal sealed class PhaseClock
{
    private readonly double[] _seconds = new double[Enum.GetValues<Phase>().Length];

    public Span<double> Seconds => _seconds;

    public double this[Phase phase]
    {
        get => _seconds[(int)phase];
        set => _seconds[(int)phase] = value;
    }

    public async Task<T> MeasureAsync<T>(Phase phase, Func<Task<T>> work)
    {
        long start = Stopwatch.GetTimestamp();
        T result = await work();
        this[phase] += Stopwatch.GetElapsedTime(start).TotalSeconds;
        return result;
    }

    public void Measure(Phase phase, Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        this[phase] += Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}

internal enum Phase
{
    Read,
    Partition,
    Exchange,
    Join,
    Aggregate,
    Verify,
}
