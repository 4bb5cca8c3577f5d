namespace BoxerMpi.Aws;

/// <summary>Where Lambda is and as whom to ask; what is not set comes from the environment and AWS's profiles.</summary>
public sealed record LambdaClientOptions
{
    /// <summary>Where the service is, such as a local one; null for the region's own. AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL.</summary>
    public string? EndpointUrl { get; init; }

    /// <summary>Region. AWS_REGION, or that of the profile.</summary>
    public string? Region { get; init; }

    /// <summary>Key and secret, and the token of temporary ones; null for AWS's chain of places to look.</summary>
    public (string AccessKey, string SecretKey, string? SessionToken)? Credentials { get; init; }

    /// <summary>
    /// How long an invocation may take until it is given up. Default 16 minutes, above the longest that a function may run.
    /// </summary>
    public TimeSpan InvocationTimeout { get; init; } = TimeSpan.FromMinutes(16);

    /// <summary>How long any other request may take. Default 2 minutes, as a zip may be large.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromMinutes(2);
}
