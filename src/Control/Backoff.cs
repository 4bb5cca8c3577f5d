namespace BoxerMpi.Control;

/// <summary>Pauses between attempts: growing, and never the same for two that failed together.</summary>
/// <param name="first">About how long the first one is.</param>
/// <param name="longest">About how long they get.</param>
internal sealed class Backoff(TimeSpan first, TimeSpan longest)
{
    private TimeSpan _next = first;

    /// <summary>As whoever looks for a coordinator makes them.</summary>
    public Backoff()
        : this(TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(1))
    {
    }

    public TimeSpan Next()
    {
        TimeSpan pause = _next * (0.5 + Random.Shared.NextDouble());
        _next = _next * 2 < longest ? _next * 2 : longest;
        return pause;
    }
}
