namespace BoxerMpi.Launching;

/// <summary>A job could not be started: its program is not there or does not build, or the system does not allow what it takes.</summary>
public sealed class JobLaunchException : Exception
{
    /// <summary>Says why, and what to try.</summary>
    public JobLaunchException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
