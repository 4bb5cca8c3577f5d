namespace BoxerMpi.Launching.Output;

/// <summary>Prints what the ranks of a job write, and lines of the launcher's own among it.</summary>
internal interface IJobOutput : IDisposable
{
    /// <summary>Prints a line of the launcher's own; never blocks.</summary>
    void Say(string text);

    /// <summary>Waits until all is printed; false when the time was not enough.</summary>
    bool Finish(TimeSpan patience);
}
