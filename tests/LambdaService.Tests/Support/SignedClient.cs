using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BoxerMpi.LambdaService.Tests.Support;

/// <summary>Requests signed by the book (AWS Signature Version 4), so that the tests decide about every part of them.</summary>
internal sealed class SignedClient(IPEndPoint endPoint, Credentials credentials, string region = "us-east-1") : IDisposable
{
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(60) };

    public string Region { get; init; } = region;

    public string Service { get; init; } = "lambda";

    /// <summary>Added to the time of the signature.</summary>
    public TimeSpan Skew { get; init; }

    /// <summary>Changes a request after it was signed.</summary>
    public Action<HttpRequestMessage>? Tamper { get; init; }

    public void Dispose() => _client.Dispose();

    public Task<Answer> SendAsync(HttpMethod method, string path, JsonNode? body = null) =>
        SendAsync(method, path, body is null ? [] : Encoding.UTF8.GetBytes(body.ToJsonString()));

    public async Task<Answer> SendAsync(HttpMethod method, string path, byte[] body, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(
            method, new Uri($"http://{endPoint}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Content = new ByteArrayContent(body);
        Dictionary<string, string> signed = new()
        {
            ["host"] = endPoint.ToString(),
            ["x-amz-date"] = (DateTimeOffset.UtcNow + Skew).ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture),
        };
        if (credentials.SessionToken is { } token)
            signed["x-amz-security-token"] = token;
        foreach ((string name, string value) in headers)
            signed[name.ToLowerInvariant()] = value;
        foreach ((string name, string value) in signed.Where(pair => pair.Key != "host"))
            request.Headers.TryAddWithoutValidation(name, value);
        request.Headers.TryAddWithoutValidation("Authorization", Sign(method.Method, path, body, signed));
        Tamper?.Invoke(request);
        using HttpResponseMessage response = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        return new Answer(
            response.StatusCode,
            response.Headers.ToDictionary(pair => pair.Key, pair => string.Join(',', pair.Value), StringComparer.OrdinalIgnoreCase),
            await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    private string Sign(string method, string path, byte[] body, Dictionary<string, string> headers)
    {
        string[] names = [.. headers.Keys.Order(StringComparer.Ordinal)];
        string[] parts = path.Split('?');
        string canonicalPath = string.Join('/', parts[0].Split('/').Select(Uri.EscapeDataString));
        string query = parts.Length < 2 ? "" : string.Join('&', parts[1].Split('&').Order(StringComparer.Ordinal));
        string canonical = string.Join('\n', [
            method, canonicalPath, query, .. names.Select(name => $"{name}:{headers[name]}"), "", string.Join(';', names), Hash(body)]);
        string[] scope = [headers["x-amz-date"][..8], Region, Service, "aws4_request"];
        string toSign = string.Join(
            '\n', ["AWS4-HMAC-SHA256", headers["x-amz-date"], string.Join('/', scope), Hash(Encoding.UTF8.GetBytes(canonical))]);
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + credentials.SecretKey);
        foreach (string part in (string[])[.. scope, toSign])
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        return $"AWS4-HMAC-SHA256 Credential={credentials.AccessKey}/{string.Join('/', scope)}, "
            + $"SignedHeaders={string.Join(';', names)}, Signature={Convert.ToHexStringLower(key)}";
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}

/// <summary>A response.</summary>
internal sealed record Answer(HttpStatusCode Status, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Body);

    public string? ErrorType => Headers.GetValueOrDefault("x-amzn-ErrorType");

    public string? FunctionError => Headers.GetValueOrDefault("X-Amz-Function-Error");

    public string Log => Encoding.UTF8.GetString(Convert.FromBase64String(Headers["X-Amz-Log-Result"]));

    /// <summary>Fails with what came when it is another status.</summary>
    public Answer Is(HttpStatusCode status)
    {
        Assert.True(status == Status, $"{(int)Status} instead of {(int)status}: {Text}");
        return this;
    }

    /// <summary>Fails unless it is this error of the API.</summary>
    public Answer IsError(HttpStatusCode status, string type)
    {
        Is(status);
        Assert.Equal(type, ErrorType);
        return this;
    }
}
