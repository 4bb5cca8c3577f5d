namespace BoxerMpi.Schedules;

/// <summary>Under which conditions schedules are simulated.</summary>
internal sealed record SimulationOptions
{
    public static SimulationOptions Default { get; } = new();

    /// <summary>Cores that all ranks share; 0 gives each rank one of its own.</summary>
    public int Cores { get; init; }

    /// <summary>
    /// Whether a message starts only when its receive is posted. Schedules that do not deadlock then do not deadlock on links that
    /// buffer little.
    /// </summary>
    public bool Synchronous { get; init; }

    public ISimulationObserver? Observer { get; init; }
}
