using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
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
            ApiResponse answer = await ControlAsync("GetFunction", "GET", One, name, null, cancellationToken).ConfigureAwait(false);
            using JsonDocument json = JsonDocument.Parse(answer.Body);
            return ReadFunction(json.RootElement.GetProperty("Configuration"));
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
        return ChangeAsync(
            "CreateFunction",
            "POST",
            Functions,
            null,
            json =>
            {
                json.WriteString("FunctionName", function.Name);
                WriteConfiguration(json, function);
                WriteArchitecture(json, function.Architecture);
                json.WriteStartObject("Code");
                WriteCode(json, code);
                json.WriteEndObject();
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<FunctionInfo> UpdateFunctionCodeAsync(
        string name, FunctionCode code, string architecture, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(code);
        return ChangeAsync(
            "UpdateFunctionCode",
            "PUT",
            One + "/code",
            name,
            json =>
            {
                WriteArchitecture(json, architecture);
                WriteCode(json, code);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<FunctionInfo> UpdateFunctionConfigurationAsync(FunctionSpec function, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(function);
        return ChangeAsync(
            "UpdateFunctionConfiguration", "PUT", One + "/configuration", function.Name, json => WriteConfiguration(json, function),
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task SetEventRetriesAsync(string name, int retries, TimeSpan oldest, CancellationToken cancellationToken = default) =>
        ControlAsync(
            "PutFunctionEventInvokeConfig",
            "PUT",
            "/2019-09-25/functions/{Name}/event-invoke-config",
            name,
            json =>
            {
                json.WriteNumber("MaximumRetryAttempts", retries);
                json.WriteNumber("MaximumEventAgeInSeconds", (int)oldest.TotalSeconds);
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task DeleteFunctionAsync(string name, CancellationToken cancellationToken = default) =>
        ControlAsync("DeleteFunction", "DELETE", One, name, null, cancellationToken);

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
            using JsonDocument json = JsonDocument.Parse(answer.Body);
            functions.AddRange(json.RootElement.GetProperty("Functions").EnumerateArray().Select(ReadFunction));
            marker = Text(json.RootElement, "NextMarker") is { Length: > 0 } next ? next : null;
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
        string operation, string method, string path, string? name, Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        ApiResponse answer = await ControlAsync(operation, method, path, name, write, cancellationToken).ConfigureAwait(false);
        using JsonDocument json = JsonDocument.Parse(answer.Body);
        return ReadFunction(json.RootElement);
    }

    private Task<ApiResponse> ControlAsync(
        string operation, string method, string path, string? name, Action<Utf8JsonWriter>? write, CancellationToken cancellationToken)
    {
        ArrayBufferWriter<byte> body = new();
        if (write is not null)
        {
            using Utf8JsonWriter json = new(body);
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return _control.SendAsync(new ApiRequest(operation, method, path, name, body.WrittenMemory), cancellationToken);
    }

    private static void WriteConfiguration(Utf8JsonWriter json, FunctionSpec function)
    {
        json.WriteString("Role", function.Role);
        json.WriteString("Runtime", function.Runtime);
        json.WriteString("Handler", function.Handler);
        json.WriteString("Description", function.Description);
        json.WriteNumber("Timeout", (int)function.Timeout.TotalSeconds);
        json.WriteNumber("MemorySize", function.MemoryMegabytes);
        json.WriteStartObject("Environment");
        json.WriteStartObject("Variables");
        foreach ((string name, string value) in function.Variables)
            json.WriteString(name, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteArchitecture(Utf8JsonWriter json, string architecture)
    {
        json.WriteStartArray("Architectures");
        json.WriteStringValue(architecture);
        json.WriteEndArray();
    }

    private static void WriteCode(Utf8JsonWriter json, FunctionCode code)
    {
        if (code.Object is { } place)
        {
            json.WriteString("S3Bucket", place.Bucket);
            json.WriteString("S3Key", place.Key);
        }
        else
        {
            json.WriteBase64String("ZipFile", code.Zip.Span);
        }
    }

    private static FunctionInfo ReadFunction(JsonElement json) => new(
        Text(json, "FunctionName") ?? "",
        Text(json, "FunctionArn") ?? "",
        Text(json, "Runtime") ?? "",
        Text(json, "CodeSha256") ?? "",
        json.TryGetProperty("CodeSize", out JsonElement bytes) ? bytes.GetInt64() : 0,
        Text(json, "LastModified") ?? "")
    {
        Role = Text(json, "Role") ?? "",
        MemoryMegabytes = json.TryGetProperty("MemorySize", out JsonElement memory) ? memory.GetInt32() : 0,
        Timeout = TimeSpan.FromSeconds(json.TryGetProperty("Timeout", out JsonElement timeout) ? timeout.GetInt32() : 0),
        Architecture = json.TryGetProperty("Architectures", out JsonElement list) && list.GetArrayLength() > 0
            ? list[0].GetString()!
            : "x86_64",
        Description = Text(json, "Description") ?? "",
        Variables = json.TryGetProperty("Environment", out JsonElement environment)
            && environment.TryGetProperty("Variables", out JsonElement variables)
            ? variables.EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString() ?? "")
            : new Dictionary<string, string>(),
        State = Text(json, "State"),
        UpdateStatus = Text(json, "LastUpdateStatus"),
        Reason = Text(json, "StateReason") ?? Text(json, "LastUpdateStatusReason"),
    };

    /// <summary>Runtimes agree on three members; whatever else came is shown as it is.</summary>
    private static FunctionError ReadError(byte[] body)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind == JsonValueKind.Object && Text(json.RootElement, "errorType") is { } type)
            {
                string[] stack = json.RootElement.TryGetProperty("stackTrace", out JsonElement trace)
                    && trace.ValueKind == JsonValueKind.Array
                    ? [.. trace.EnumerateArray().Select(line => string.Create(CultureInfo.InvariantCulture, $"{line}"))]
                    : [];
                return new FunctionError(type, Text(json.RootElement, "errorMessage") ?? "", stack);
            }
        }
        catch (JsonException)
        {
            // Shown as text below.
        }

        return new FunctionError("Unknown", Encoding.UTF8.GetString(body), []);
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
