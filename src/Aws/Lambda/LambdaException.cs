namespace BoxerMpi.Aws;

/// <summary>Why Lambda did not do what it was asked.</summary>
public enum LambdaFailure
{
    /// <summary>None of the others.</summary>
    Other,

    /// <summary>No credentials were found in the environment, the profiles or the instance's metadata.</summary>
    NoCredentials,

    /// <summary>No region is set.</summary>
    NoRegion,

    /// <summary>The credentials are not accepted, or may not do this.</summary>
    Denied,

    /// <summary>There is no such function.</summary>
    NotFound,

    /// <summary>The function exists already, or is not ready for this now.</summary>
    Conflict,

    /// <summary>Too much at once; it may be tried again later.</summary>
    Throttled,

    /// <summary>The payload or the zip is larger than Lambda takes.</summary>
    TooLarge,

    /// <summary>A value is not allowed.</summary>
    Invalid,

    /// <summary>The service could not be reached, or the connection broke.</summary>
    Unreachable,

    /// <summary>The service itself failed.</summary>
    Service,
}

/// <summary>Lambda refused or could not be asked.</summary>
public sealed class LambdaException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="failure">What to tell apart.</param>
    /// <param name="message">Who was asked for what, what happened, what to try.</param>
    /// <param name="inner">The SDK's exception.</param>
    public LambdaException(LambdaFailure failure, string message, Exception? inner = null)
        : base(message, inner) => Failure = failure;

    /// <summary>What to tell apart.</summary>
    public LambdaFailure Failure { get; }

    /// <summary>The service's name for the error, such as ResourceNotFoundException.</summary>
    public string? Code { get; init; }

    /// <summary>Which limit throttled, such as ConcurrentInvocationLimitExceeded.</summary>
    public string? ThrottleReason { get; init; }

    /// <summary>The service's id for the request, for its support.</summary>
    public string? RequestId { get; init; }

    /// <summary>An invocation left, and no answer came: the function may run or have run.</summary>
    public bool MayHaveRun { get; init; }
}
