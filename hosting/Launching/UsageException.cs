namespace BoxerMpi.Launching;

/// <summary>The command line asks for something that cannot be: one line says what, the next what to try. Exit code 2.</summary>
internal sealed class UsageException(string message, string hint) : Exception(message)
{
    public string Hint { get; } = hint;
}
