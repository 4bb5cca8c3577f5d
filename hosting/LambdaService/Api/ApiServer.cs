using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using BoxerMpi.LambdaService.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace BoxerMpi.LambdaService.Api;

/// <summary>The Lambda REST API: signature, route, handler, and errors in the form that AWS's clients read.</summary>
internal sealed class ApiServer(SignatureCheck signatures, UnverifiedBodies bodies, IReadOnlyList<ApiOperation> operations)
{
    // 50 MB of zip in base64, as the error of the real service says.
    public const int LongestBody = 69_905_067;

    // Of requests that no operation is for: they are read only so that their signature can be looked at.
    private const int LongestUnknown = 64 * 1024;

    private static readonly JsonSerializerOptions Json = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Whoever has not signed anything yet costs little and does not stay for long.</summary>
    public static HttpRules Rules() => new(LongestBody + 1, TimeSpan.FromMinutes(2))
    {
        SlowestBody = new MinDataRate(bytesPerSecond: 1024, gracePeriod: TimeSpan.FromSeconds(20)),
        Admit = new Strangers().AdmitAsync,
    };

    public async Task HandleAsync(HttpContext context)
    {
        string requestId = Guid.NewGuid().ToString();
        context.Response.Headers["x-amzn-RequestId"] = requestId;
        try
        {
            string path = Bodies.RawTarget(context).Split('?')[0].TrimEnd('/');
            ApiOperation? operation = null;
            string[] values = [];
            foreach (ApiOperation candidate in operations)
            {
                if (candidate.Method == context.Request.Method && candidate.TryMatch(path, out values))
                {
                    operation = candidate;
                    break;
                }
            }

            byte[] body = operation is { IsPublic: true }
                ? []
                : await ReadAsync(context, operation?.LongestBody ?? LongestUnknown, operation?.ShownName ?? "requested");
            if (operation is null)
                throw new ApiException(404, "UnknownOperationException", $"This local service has no {context.Request.Method} {path}");
            await operation.Handle(new ApiRequest(context, operation, values, body, requestId));
        }
        catch (ApiException error)
        {
            await WriteErrorAsync(context, error);
        }
        catch (JsonException wrong)
        {
            await WriteErrorAsync(
                context, new ApiException(400, "SerializationException", $"Could not parse request body into json: {wrong.Message}"));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller is gone.
        }
        catch (OperationCanceledException)
        {
            // The function may have run, and may have answered had it been let: neither a result nor a function's error.
            await WriteErrorAsync(context, new ApiException(500, "ServiceException", "The local Lambda service has ended before there was an answer."));
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            await WriteErrorAsync(context, new ApiException(500, "ServiceException", $"{failure.GetType().Name}: {failure.Message}"));
        }
    }

    /// <summary>The body of a signed request. Who does not even claim to have the keys is turned away before it is read.</summary>
    private async Task<byte[]> ReadAsync(HttpContext context, int longest, string shownName)
    {
        SignatureClaim claim = signatures.ReadClaim(context);
        using UnverifiedBody body = await bodies.ReadAsync(context, longest)
            ?? throw ApiException.TooLarge($"Request must be smaller than {longest} bytes for the {shownName} operation");
        signatures.Verify(context, claim, body.Hash);
        Strangers.Know(context);
        return await body.ContentAsync();
    }

    internal static byte[] Serialize<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Json);

    private static Task WriteErrorAsync(HttpContext context, ApiException error)
    {
        context.Response.Headers["x-amzn-ErrorType"] = error.Type;

        // The API model: these two write Message, all others message.
        bool upper = error.Type is "ResourceNotFoundException" or "ServiceException";
        ErrorResponse body = new(
            error.Reason, error.Status >= 500 ? "Service" : "User", upper ? error.Message : null, upper ? null : error.Message);
        return Bodies.WriteAsync(context, error.Status, Serialize(body));
    }
}

/// <summary>One operation of the API.</summary>
/// <param name="Name">As in the API model.</param>
/// <param name="Method">HTTP method.</param>
/// <param name="Template">Path with its parameters in braces; none spans a slash.</param>
/// <param name="Success">Status of its usual answer.</param>
/// <param name="Handle">Answers it, or throws an <see cref="ApiException"/>.</param>
internal sealed record ApiOperation(string Name, string Method, string Template, int Success, Func<ApiRequest, Task> Handle)
{
    private readonly string[] _parts = Template.TrimEnd('/').Split('/');

    /// <summary>Bytes that the body of a request may have.</summary>
    public int LongestBody { get; init; } = ApiServer.LongestBody;

    /// <summary>Needs no signature because its address is a secret.</summary>
    public bool IsPublic { get; init; }

    /// <summary>In errors about sizes the service calls one operation by another name than its model.</summary>
    public string ShownName => Name == "Invoke" ? "InvokeFunction" : Name;

    public bool TryMatch(string path, out string[] values)
    {
        values = [];
        string[] parts = path.Split('/');
        if (parts.Length != _parts.Length)
            return false;
        List<string> found = [];
        for (int i = 0; i < parts.Length; i++)
        {
            if (_parts[i].StartsWith('{'))
                found.Add(Uri.UnescapeDataString(parts[i]));
            else if (_parts[i] != parts[i])
                return false;
        }

        values = [.. found];
        return true;
    }
}

/// <summary>One request on its way through a handler.</summary>
internal sealed record ApiRequest(HttpContext Context, ApiOperation Operation, IReadOnlyList<string> Values, byte[] Body, string Id)
{
    public string? Query(string name) => Context.Request.Query.TryGetValue(name, out var value) ? value.ToString() : null;

    public string? Header(string name) => Context.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;

    public T Read<T>()
        where T : class => JsonSerializer.Deserialize<T>(Body.Length == 0 ? "{}"u8 : Body)
            ?? throw new ApiException(400, "SerializationException", "Could not parse request body into json: it is null");

    /// <summary>The operation's usual answer.</summary>
    public Task AnswerAsync<T>(T value) => Bodies.WriteAsync(Context, Operation.Success, ApiServer.Serialize(value));

    public Task AnswerAsync() => Bodies.WriteAsync(Context, 204, default);
}
