using System.Collections.Concurrent;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using BoxerMpi.LambdaService.Execution;
using BoxerMpi.LambdaService.Functions;

namespace BoxerMpi.LambdaService.Invocations;

/// <summary>
/// Asynchronous events: each is tried until it succeeds, its attempts are used up or it is too old; then it is logged as dead.
/// </summary>
internal sealed class EventQueue(LambdaServiceOptions options, Invoker invoker, string deadLetterFile) : IAsyncDisposable
{
    private static readonly JsonSerializerOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<string, Task> _running = new();
    private readonly SemaphoreSlim _file = new(1, 1);

    /// <summary>Takes an event; what becomes of it the caller never learns.</summary>
    public void Add(LambdaFunction function, InvocationRequest request)
    {
        Task task = RunAsync(function, request);
        _running[request.Id] = task;
        _ = task.ContinueWith(
            _ => _running.TryRemove(request.Id, out Task? _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    /// <summary>Ends the waits; events that wait are dropped. Those that run end with their environments.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_running.Values);
        _end.Dispose();
        _file.Dispose();
    }

    private async Task RunAsync(LambdaFunction function, InvocationRequest request)
    {
        long queued = options.Time.GetTimestamp();
        try
        {
            for (int attempt = 1; ; attempt++)
            {
                EventSettings settings = function.Events ?? EventSettings.Default;
                InvocationResult? result;
                using (CancellationTokenSource age = new(Remaining(settings, queued), options.Time))
                using (CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(age.Token, _end.Token))
                {
                    try
                    {
                        result = await invoker.InvokeWhenThereIsRoomAsync(function, request, either.Token);
                    }
                    catch (OperationCanceledException) when (age.IsCancellationRequested)
                    {
                        await BuryAsync(function, request, "EventAgeExceeded", attempt - 1, result: null);
                        return;
                    }
                }

                if (!result.IsError || _end.IsCancellationRequested)
                    return;
                if (attempt > settings.Retries)
                {
                    await BuryAsync(function, request, "RetriesExhausted", attempt, result);
                    return;
                }

                await Task.Delay(options.RetryDelays[Math.Min(attempt, options.RetryDelays.Count) - 1], options.Time, _end.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The service ends.
        }
    }

    private TimeSpan Remaining(EventSettings settings, long queued)
    {
        TimeSpan left = TimeSpan.FromSeconds(settings.OldestSeconds) - options.Time.GetElapsedTime(queued);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Writes the event in the form in which Lambda hands it to a destination on failure.</summary>
    private async Task BuryAsync(
        LambdaFunction function, InvocationRequest request, string condition, int attempts, InvocationResult? result)
    {
        JsonObject letter = new()
        {
            ["version"] = "1.0",
            ["timestamp"] = options.Time.GetUtcNow().ToString("O", System.Globalization.CultureInfo.InvariantCulture),
            ["requestContext"] = new JsonObject
            {
                ["requestId"] = request.Id,
                ["functionArn"] = $"{function.Arn}:{FunctionId.Latest}",
                ["condition"] = condition,
                ["approximateInvokeCount"] = attempts,
            },
            ["requestPayload"] = Json(request.Payload),
        };
        if (result is not null)
        {
            letter["responseContext"] =
                new JsonObject { ["statusCode"] = 200, ["executedVersion"] = FunctionId.Latest, ["functionError"] = "Unhandled" };
            letter["responsePayload"] = Json(result.Payload);
        }

        await _file.WaitAsync();
        try
        {
            await File.AppendAllTextAsync(deadLetterFile, letter.ToJsonString(OneLine) + "\n");
        }
        finally
        {
            _file.Release();
        }

        options.Log?.Invoke($"{function.Name} {request.Id} given up after {attempts} attempts ({condition}); see {deadLetterFile}");
    }

    /// <summary>The payload, or its text where a function has written what is not JSON.</summary>
    private static JsonNode? Json(byte[] payload)
    {
        try
        {
            return payload.Length == 0 ? null : JsonNode.Parse(payload);
        }
        catch (JsonException)
        {
            return JsonValue.Create(System.Text.Encoding.UTF8.GetString(payload));
        }
    }
}
