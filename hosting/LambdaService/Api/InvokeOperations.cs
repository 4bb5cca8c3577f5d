using System.Text;
using BoxerMpi.LambdaService.Execution;
using BoxerMpi.LambdaService.Functions;
using BoxerMpi.LambdaService.Http;
using BoxerMpi.LambdaService.Invocations;
using Microsoft.AspNetCore.Http;

namespace BoxerMpi.LambdaService.Api;

/// <summary>Invoke in its three forms.</summary>
internal sealed class InvokeOperations(LambdaServiceOptions options, FunctionStore functions, Invoker invoker, EventQueue events)
{
    private const int LongestSynchronous = 6 * 1024 * 1024;
    private const int LongestEvent = 1024 * 1024;

    // In base64, by the API's description of the header.
    private const int LongestContext = 3583;

    public IEnumerable<ApiOperation> All =>
    [
        new("Invoke", "POST", "/2015-03-31/functions/{FunctionName}/invocations", 200, InvokeAsync) { LongestBody = LongestSynchronous },
    ];

    private async Task InvokeAsync(ApiRequest request)
    {
        LambdaFunction function = functions.Get(FunctionId.Parse(request.Values[0], request.Query("Qualifier"), options));
        if (!function.Status.IsActive)
            throw ApiException.Conflict(
                "The operation cannot be performed at this time. The function is currently in the following state: Pending");
        CheckJson(request.Body);
        InvocationRequest invocation = new(request.Id, request.Body.Length == 0 ? "{}"u8.ToArray() : request.Body, Context(request), Trace(request));
        switch (request.Header("X-Amz-Invocation-Type"))
        {
            case null or "" or "RequestResponse":
                await AnswerAsync(request, await invoker.InvokeAsync(function, invocation));
                break;
            case "Event":
                if (request.Body.Length > LongestEvent)
                    throw ApiException.TooLarge(
                        $"{request.Body.Length} byte payload is too large for the Event invocation type (limit {LongestEvent} bytes)");
                events.Add(function, invocation);
                await Bodies.WriteAsync(request.Context, 202, default);
                break;
            case "DryRun":
                await request.AnswerAsync();
                break;
            case { } other:
                throw ApiException.Violation(
                    "invocationType", other, "Member must satisfy enum value set: [Event, RequestResponse, DryRun]");
        }
    }

    private static Task AnswerAsync(ApiRequest request, InvocationResult result)
    {
        IHeaderDictionary headers = request.Context.Response.Headers;
        headers["X-Amz-Executed-Version"] = FunctionId.Latest;
        if (result.IsError)
            headers["X-Amz-Function-Error"] = "Unhandled";
        if (request.Header("X-Amz-Log-Type") == "Tail")
            headers["X-Amz-Log-Result"] = Convert.ToBase64String(result.Log);
        return Bodies.WriteAsync(request.Context, 200, result.Payload);
    }

    private static void CheckJson(byte[] body)
    {
        if (body.Length > 0 && JsonText.Mistake(body) is { } mistake)
            throw new ApiException(400, "InvalidRequestContentException", $"Could not parse request body into json: {mistake}");
    }

    /// <summary>As the function gets it in a header; whatever could not stand there ends here.</summary>
    private static string? Context(ApiRequest request)
    {
        if (request.Header("X-Amz-Client-Context") is not { Length: > 0 } text)
            return null;
        byte[] json = new byte[LongestContext];
        if (text.Length > LongestContext)
        {
            throw new ApiException(
                400, "InvalidRequestContentException", $"Client context must be no longer than {LongestContext} bytes in Base64.");
        }

        if (!Convert.TryFromBase64String(text, json, out int length)
            || JsonText.Mistake(json.AsSpan(0, length)) is not null
            || json.AsSpan(0, length).TrimStart(" \t\r\n"u8) is not [(byte)'{', ..])
            throw new ApiException(400, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.");
        return JsonText.OneLine(Encoding.UTF8.GetString(json, 0, length));
    }

    /// <summary>The caller's, unless it is none that a header can hold.</summary>
    private string Trace(ApiRequest request) =>
        request.Header("X-Amzn-Trace-Id") is { Length: > 0 } given && given.All(letter => letter is >= ' ' and <= '~')
        ? given
        : $"Root=1-{options.Time.GetUtcNow().ToUnixTimeSeconds():x8}-{Guid.NewGuid().ToString("N")[..24]};"
            + $"Parent={Guid.NewGuid().ToString("N")[..16]};Sampled=0";
}
