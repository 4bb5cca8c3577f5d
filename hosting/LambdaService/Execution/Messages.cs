using System.Text.Encodings.Web;
using System.Text.Json;

namespace BoxerMpi.LambdaService.Execution;

/// <summary>One event on its way to a function.</summary>
/// <param name="Id">The request id that all clients see.</param>
/// <param name="ClientContext">JSON of the caller, or null.</param>
/// <param name="TraceId">For the tracing header; made up when the caller gives none.</param>
internal sealed record InvocationRequest(string Id, byte[] Payload, string? ClientContext, string TraceId);

/// <summary>What a function or its end made of an event.</summary>
/// <param name="Payload">The response, or the JSON of the error.</param>
/// <param name="Log">The last 4 KiB of what the invocation wrote.</param>
internal sealed record InvocationResult(byte[] Payload, bool IsError, byte[] Log);

/// <summary>What an environment says of an event or of its own start.</summary>
internal sealed record RuntimeReport(byte[] Body, bool IsError)
{
    private static readonly JsonSerializerOptions AsAwsWrites = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An error that the service itself found, in the form of all function errors.</summary>
    public static RuntimeReport Error(string type, string message) =>
        new(JsonSerializer.SerializeToUtf8Bytes(new { errorType = type, errorMessage = message }, AsAwsWrites), IsError: true);
}
