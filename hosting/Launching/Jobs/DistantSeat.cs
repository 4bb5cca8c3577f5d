namespace BoxerMpi.Launching.Jobs;

/// <summary>Stands in where the coordinator is elsewhere: nothing is known of the rank but its process.</summary>
internal sealed class DistantSeat : IJobSeat
{
    // Nobody ever raises it.
    public event Action? Changed
    {
        add { }
        remove { }
    }

    public AbortNotice? Abort => null;

    public int Size => 0;

    public bool IsComplete => false;

    public TimeSpan? SilenceOf(int rank) => null;

    public RankProgress Of(int rank) => RankProgress.None;

    public void End(int code, string reason)
    {
    }
}
