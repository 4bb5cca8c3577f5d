namespace BoxerMpi.LambdaService.Http;

/// <summary>An error of the Lambda API as its clients expect it.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="type">The error's name, as in <c>x-amzn-ErrorType</c>.</param>
/// <param name="message">For people.</param>
internal sealed class ApiException(int status, string type, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Type { get; } = type;

    /// <summary>Which limit throttled; only with 429.</summary>
    public string? Reason { get; init; }

    public static ApiException NotFound(string arn) => new(404, "ResourceNotFoundException", $"Function not found: {arn}");

    public static ApiException Invalid(string message) => new(400, "InvalidParameterValueException", message);

    public static ApiException TooLarge(string message) => new(413, "RequestTooLargeException", message);

    public static ApiException Conflict(string message) => new(409, "ResourceConflictException", message);

    public static ApiException Throttled(string reason) => new(429, "TooManyRequestsException", "Rate Exceeded.") { Reason = reason };

    /// <summary>A member of the request that is missing, out of its range or of the wrong form.</summary>
    public static ApiException Violation(string member, object? value, string constraint) => new(
        400,
        "ValidationException",
        $"1 validation error detected: Value '{value ?? "null"}' at '{member}' failed to satisfy constraint: {constraint}");
}
