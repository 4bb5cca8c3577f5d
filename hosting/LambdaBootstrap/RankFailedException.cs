namespace BoxerMpi.LambdaBootstrap;

/// <summary>A rank could not be run; the launcher gets the error as the function's.</summary>
internal sealed class RankFailedException(string type, string message) : Exception(message)
{
    public ErrorReport Error { get; } = new(type, message);
}
