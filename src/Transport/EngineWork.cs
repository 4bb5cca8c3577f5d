namespace BoxerMpi.Transport;

/// <summary>What is to be done when operations have ended: the next round of a collective.</summary>
internal abstract class EngineWork
{
    /// <summary>
    /// Goes on. Runs under the gate on the thread that drives, whichever that is, so it is short and calls nothing of the program's.
    /// </summary>
    public abstract void Continue();

    /// <summary>
    /// What takes longer, or is the program's own code, after <see cref="ProgressEngine.TryLend"/>. Runs without the gate, and takes it to
    /// go on.
    /// </summary>
    public abstract void RunLent();
}
