namespace BoxerMpi;

/// <summary>The program ends its job, by <c>Communicator.Quit</c>; the message tells the user why.</summary>
public sealed class QuitException(int exitCode, string message) : Exception(message)
{
    /// <summary>The rank that quits, in the job's world.</summary>
    public int Rank { get; init; } = -1;

    /// <summary>Exit code of the job.</summary>
    public int ExitCode { get; } = exitCode;
}
