using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using BoxerMpi.LambdaService.Execution;
using BoxerMpi.LambdaService.Functions;
using BoxerMpi.LambdaService.Http;
using BoxerMpi.Transport;

namespace BoxerMpi.LambdaService.Invocations;

/// <summary>
/// Asynchronous events: each is tried until it succeeds, its attempts are used up or it is too old; then it is logged as dead.
/// </summary>
internal sealed class EventQueue(LambdaServiceOptions options, Invoker invoker, string deadLetterFile) : IAsyncDisposable
{
    private static readonly JsonWriterOptions AsAwsWrites = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

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
        ArrayBufferWriter<byte> letter = new();
        using (Utf8JsonWriter json = new(letter, AsAwsWrites))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            json.WriteString("timestamp", options.Time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture));
            json.WriteStartObject("requestContext");
            json.WriteString("requestId", request.Id);
            json.WriteString("functionArn", $"{function.Arn}:{FunctionId.Latest}");
            json.WriteString("condition", condition);
            json.WriteNumber("approximateInvokeCount", attempts);
            json.WriteEndObject();
            WritePayload(json, "requestPayload", request.Payload);
            if (result is not null)
            {
                json.WriteStartObject("responseContext");
                json.WriteNumber("statusCode", 200);
                json.WriteString("executedVersion", FunctionId.Latest);
                json.WriteString("functionError", "Unhandled");
                json.WriteEndObject();
                WritePayload(json, "responsePayload", result.Payload);
            }

            json.WriteEndObject();
        }

        letter.Write("\n"u8);
        await _file.WaitAsync();
        try
        {
            await using FileStream file = PrivateFiles.Open(deadLetterFile, FileMode.Append);
            await file.WriteAsync(letter.WrittenMemory);
        }
        finally
        {
            _file.Release();
        }

        options.Log?.Invoke($"{function.Name} {request.Id} given up after {attempts} attempts ({condition}); see {deadLetterFile}");
    }

    /// <summary>The payload as it came, in one line, or its text where a function has written what is not JSON.</summary>
    private static void WritePayload(Utf8JsonWriter json, string name, byte[] payload)
    {
        json.WritePropertyName(name);
        string text = Encoding.UTF8.GetString(payload);
        if (payload.Length == 0)
            json.WriteNullValue();
        else if (JsonText.Mistake(payload) is null)
            json.WriteRawValue(JsonText.OneLine(text), skipInputValidation: true);
        else
            json.WriteStringValue(text);
    }
}
