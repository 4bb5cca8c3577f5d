namespace BoxerMpi.Schedules;

/// <summary>What makes two calls on a communicator the same: they share a plan.</summary>
internal readonly record struct PlanKey
{
    public PlanKey(Collective collective, long bytes, int elementSize)
    {
        Collective = collective;
        Bytes = bytes;
        ElementSize = elementSize;
    }

    public Collective Collective { get; }

    /// <summary>As <see cref="CollectiveCall.Bytes"/>.</summary>
    public long Bytes { get; }

    public int ElementSize { get; }

    public int Root { get; init; }

    public bool Commutative { get; init; } = true;

    /// <summary>Send and receive buffer are the same memory, and the call would overwrite what it still has to send.</summary>
    public bool StageSend { get; init; }

    /// <summary>As <see cref="CollectiveCall.InPlace"/>.</summary>
    public bool InPlace { get; init; }

    /// <summary>Compared by instance: a layout never changes.</summary>
    public BlockLayout? SendLayout { get; init; }

    /// <summary>Compared by instance: a layout never changes.</summary>
    public BlockLayout? ReceiveLayout { get; init; }
}

/// <summary>How a call runs: the algorithm, and its schedule.</summary>
/// <param name="Algorithm">The algorithm that was chosen.</param>
/// <param name="Schedule">What this rank does; null when it depends on counts that the ranks tell each other in every call.</param>
/// <param name="Counts">Brings these counts.</param>
internal sealed record Plan(CollectiveAlgorithm Algorithm, Schedule? Schedule, Schedule? Counts);
