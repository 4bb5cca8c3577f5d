using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;

namespace BoxerMpi.LambdaBootstrap;

/// <summary>The Runtime API of AWS Lambda, version 2018-06-01, as its developer guide describes it for custom runtimes.</summary>
internal sealed class RuntimeClient : IDisposable
{
    private readonly HttpClient _client;

    /// <param name="address">Host and port, from AWS_LAMBDA_RUNTIME_API.</param>
    public RuntimeClient(string address) => _client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = new Uri($"http://{address}/2018-06-01/runtime/"),

        // The environment may be frozen for any time while it waits for an event.
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public async Task<RuntimeEvent> NextAsync()
    {
        using HttpResponseMessage answer = await _client.GetAsync("invocation/next");
        answer.EnsureSuccessStatusCode();
        string id = answer.Headers.GetValues("Lambda-Runtime-Aws-Request-Id").First();
        long deadline = long.Parse(answer.Headers.GetValues("Lambda-Runtime-Deadline-Ms").First(), CultureInfo.InvariantCulture);
        return new RuntimeEvent(id, DateTimeOffset.FromUnixTimeMilliseconds(deadline), await answer.Content.ReadAsByteArrayAsync());
    }

    public Task AnswerAsync(string id, RankResult result) =>
        PostAsync($"invocation/{id}/response", result, MessagesJson.Default.RankResult, null);

    public Task FailAsync(string id, ErrorReport error) =>
        PostAsync($"invocation/{id}/error", error, MessagesJson.Default.ErrorReport, error.ErrorType);

    public Task FailInitAsync(ErrorReport error) => PostAsync("init/error", error, MessagesJson.Default.ErrorReport, error.ErrorType);

    public void Dispose() => _client.Dispose();

    private async Task PostAsync<T>(string path, T value, JsonTypeInfo<T> type, string? error)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = JsonContent.Create(value, type) };
        if (error is not null)
            request.Headers.Add("Lambda-Runtime-Function-Error-Type", error);
        using HttpResponseMessage answer = await _client.SendAsync(request);
        answer.EnsureSuccessStatusCode();
    }
}

/// <summary>One event and the moment at which Lambda ends its run.</summary>
internal sealed record RuntimeEvent(string RequestId, DateTimeOffset Deadline, byte[] Payload)
{
    private readonly long _came = Stopwatch.GetTimestamp();

    /// <summary>What this process had taken to start when the event came, if it is its first; else zero.</summary>
    public TimeSpan Init { get; init; }

    /// <summary>About what Lambda charges for until now: in whole milliseconds, the start included.</summary>
    public TimeSpan Billed() => TimeSpan.FromMilliseconds(Math.Ceiling((Init + Stopwatch.GetElapsedTime(_came)).TotalMilliseconds));
}
