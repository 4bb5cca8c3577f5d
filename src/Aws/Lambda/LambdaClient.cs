using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using BoxerMpi.Aws.Internal;

namespace BoxerMpi.Aws;

/// <summary>AWS Lambda, or a local service that is like it, over the pipeline of the AWS SDK.</summary>
public sealed class LambdaClient : ILambdaApi
{
    private const string Functions = "/2015-03-31/functions";
    private const string One = Functions + "/{Name}";

    // Control requests may be repeated without harm; an invocation starts a rank and may not.
    private readonly LambdaTransport _control;
    private readonly LambdaTransport _invocations;

    /// <summary>Makes a client.</summary>
    /// <param name="options">Where and as whom; null for what the environment says.</param>
    /// <exception cref="LambdaException">No region is set.</exception>
    public LambdaClient(LambdaClientOptions? options = null)
    {
        options ??= new LambdaClientOptions();
        _control = LambdaTransport.Create(options, options.RequestTimeout, once: false);
        _invocations = LambdaTransport.Create(options, options.InvocationTimeout, once: true);
    }

    /// <summary>The region that it asks.</summary>
    public string Region => _control.RegionName;

    /// <inheritdoc/>
    public async Task<InvocationResult> InvokeAsync(Invocation invocation, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(invocation);
        Dictionary<string, string> headers = new() { ["X-Amz-Invocation-Type"] = invocation.Kind.ToString() };
        if (invocation.WithLog)
            headers["X-Amz-Log-Type"] = "Tail";

        // Always a body: the platform's HTTP client repeats a request without one when a pooled connection was closed.
        ReadOnlyMemory<byte> payload = invocation.Payload.Length > 0 ? invocation.Payload : "{}"u8.ToArray();
        ApiResponse answer = await _invocations.SendAsync(
            new ApiRequest("Invoke", "POST", One + "/invocations", invocation.Function, payload)
            {
                Headers = headers,
                Query = invocation.Qualifier is { } qualifier
                    ? new Dictionary<string, string> { ["Qualifier"] = qualifier }
                    : new Dictionary<string, string>(),
            },
            cancellationToken).ConfigureAwait(false);
        return new InvocationResult(
            answer.Headers.GetValueOrDefault("x-amzn-RequestId", ""),
            answer.Body,
            answer.Headers.ContainsKey("X-Amz-Function-Error") ? ReadError(answer.Body) : null,
            answer.Headers.TryGetValue("X-Amz-Log-Result", out string? log)
                ? Encoding.UTF8.GetString(Convert.FromBase64String(log))
                : null);
    }

    /// <inheritdoc/>
    public async Task<FunctionInfo?> FindFunctionAsync(string name, CancellationToken cancellationToken = default)
    {
        try
        {
            ApiResponse answer = await ControlAsync("GetFunction", "GET", One, name, default, cancellationToken).ConfigureAwait(false);
            return Read(answer, LambdaJson.Default.FunctionAnswer).Configuration.ToInfo();
        }
        catch (LambdaException missing) when (missing.Failure == LambdaFailure.NotFound)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public Task<FunctionInfo> CreateFunctionAsync(FunctionSpec function, FunctionCode code, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(code);
        FunctionBody body = BodyOf(function) with
        {
            FunctionName = function.Name,
            Architectures = [function.Architecture],
            Code = CodeBody.Of(code),
        };
        return ChangeAsync("CreateFunction", "POST", Functions, null, Bytes(body, LambdaJson.Default.FunctionBody), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<FunctionInfo> UpdateFunctionCodeAsync(
        string name, FunctionCode code, string architecture, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(code);
        ReadOnlyMemory<byte> body = Bytes(CodeBody.Of(code, architecture), LambdaJson.Default.CodeBody);
        return ChangeAsync("UpdateFunctionCode", "PUT", One + "/code", name, body, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<FunctionInfo> UpdateFunctionConfigurationAsync(FunctionSpec function, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(function);
        ReadOnlyMemory<byte> body = Bytes(BodyOf(function), LambdaJson.Default.FunctionBody);
        return ChangeAsync("UpdateFunctionConfiguration", "PUT", One + "/configuration", function.Name, body, cancellationToken);
    }

    /// <inheritdoc/>
    public Task SetEventRetriesAsync(string name, int retries, TimeSpan oldest, CancellationToken cancellationToken = default) =>
        ControlAsync(
            "PutFunctionEventInvokeConfig",
            "PUT",
            "/2019-09-25/functions/{Name}/event-invoke-config",
            name,
            Bytes(new EventConfigBody(retries, (int)oldest.TotalSeconds), LambdaJson.Default.EventConfigBody),
            cancellationToken);

    /// <inheritdoc/>
    public Task DeleteFunctionAsync(string name, CancellationToken cancellationToken = default) =>
        ControlAsync("DeleteFunction", "DELETE", One, name, default, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<FunctionInfo>> ListFunctionsAsync(CancellationToken cancellationToken = default)
    {
        List<FunctionInfo> functions = [];
        string? marker = null;
        do
        {
            ApiRequest request = new("ListFunctions", "GET", Functions, null, default)
            {
                Query = marker is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["Marker"] = marker },
            };
            ApiResponse answer = await _control.SendAsync(request, cancellationToken).ConfigureAwait(false);
            FunctionListAnswer page = Read(answer, LambdaJson.Default.FunctionListAnswer);
            functions.AddRange(page.Functions.Select(function => function.ToInfo()));
            marker = page.NextMarker is { Length: > 0 } next ? next : null;
        }
        while (marker is not null);
        return functions;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _control.Dispose();
        _invocations.Dispose();
    }

    private async Task<FunctionInfo> ChangeAsync(
        string operation, string method, string path, string? name, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        ApiResponse answer = await ControlAsync(operation, method, path, name, body, cancellationToken).ConfigureAwait(false);
        return Read(answer, LambdaJson.Default.FunctionBody).ToInfo();
    }

    private Task<ApiResponse> ControlAsync(
        string operation, string method, string path, string? name, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        _control.SendAsync(new ApiRequest(operation, method, path, name, body), cancellationToken);

    private static ReadOnlyMemory<byte> Bytes<T>(T body, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(body, type);

    private static T Read<T>(ApiResponse answer, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(answer.Body, type) ?? throw new JsonException("The service answered null.");

    private static FunctionBody BodyOf(FunctionSpec function) => new()
    {
        Role = function.Role,
        Runtime = function.Runtime,
        Handler = function.Handler,
        Description = function.Description,
        Timeout = (int)function.Timeout.TotalSeconds,
        MemorySize = function.MemoryMegabytes,
        Environment = new EnvironmentBody(function.Variables.ToDictionary(pair => pair.Key, pair => (string?)pair.Value)),
    };

    /// <summary>Runtimes agree on three members; whatever else came is shown as it is.</summary>
    private static FunctionError ReadError(byte[] body)
    {
        try
        {
            if (JsonSerializer.Deserialize(body, LambdaJson.Default.FunctionErrorAnswer) is { Type: { } type } error)
            {
                string[] stack = error.StackTrace.ValueKind == JsonValueKind.Array
                    ? [.. error.StackTrace.EnumerateArray().Select(line => string.Create(CultureInfo.InvariantCulture, $"{line}"))]
                    : [];
                return new FunctionError(type, error.Message ?? "", stack);
            }
        }
        catch (JsonException)
        {
            // Shown as text below.
        }

        return new FunctionError("Unknown", Encoding.UTF8.GetString(body), []);
    }
}
