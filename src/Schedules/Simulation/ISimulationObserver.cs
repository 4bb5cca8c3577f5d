namespace BoxerMpi.Schedules;

/// <summary>Sees what schedules do while they are simulated, such as to move symbolic data.</summary>
internal interface ISimulationObserver
{
    /// <summary>A rank begins a round: its messages are posted next.</summary>
    void Begin(int rank, int round);

    /// <summary>A message leaves the buffer of its sender.</summary>
    void Send(int rank, in Step step);

    /// <summary>The oldest message on the way from a rank to another one is put where it belongs.</summary>
    void Deliver(int from, int to, in Step step);

    /// <summary>A rank copies or folds.</summary>
    void Local(int rank, in Step step);
}
