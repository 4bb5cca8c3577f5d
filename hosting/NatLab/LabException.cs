namespace BoxerMpi.NatLab;

/// <summary>A lab cannot be made, found or entered: what is wrong, and what to try.</summary>
internal sealed class LabException(string message, string hint) : Exception(message)
{
    public string Hint { get; } = hint;
}
