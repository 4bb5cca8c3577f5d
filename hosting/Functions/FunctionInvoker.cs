using BoxerMpi.Aws;

namespace BoxerMpi.Functions;

/// <summary>Makes a job's invocations: so many a second, again when Lambda throttles, with more patience each time.</summary>
/// <param name="lambda">The service.</param>
/// <param name="plan">What is invoked and how fast.</param>
/// <param name="invocations">Knows the invocations.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Spreads the attempts of those that are throttled together.</param>
internal sealed class FunctionInvoker(ILambdaApi lambda, StartPlan plan, RankInvocations invocations, TimeProvider time, Random random) : IDisposable
{
    // Requests that wait for their answers; an answer takes tens of milliseconds from far away.
    private const int MostAtOnce = 32;

    // A broken connection or a failing service may be a hiccup; throttling is tried for as long as the start may take.
    private const int MostFailures = 4;

    // Exponential backoff with full jitter: a random time up to the bound, which doubles.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _atOnce = new(MostAtOnce);

    // Protects _random and _next.
    private readonly Lock _gate = new();
    private readonly long _origin = time.GetTimestamp();
    private TimeSpan _next;
    private int _throttled;

    /// <summary>Requests that Lambda has turned away for now.</summary>
    public int Throttled => Volatile.Read(ref _throttled);

    /// <summary>The limit that was met last.</summary>
    public string? ThrottleReason { get; private set; }

    /// <summary>Invokes the function once more, however long that takes.</summary>
    /// <exception cref="LambdaException">Lambda refuses for good.</exception>
    public async Task InvokeAsync(CancellationToken cancellationToken)
    {
        RankInvocation invocation = invocations.Next();
        Invocation request =
            new(plan.Function, FunctionEvents.Encode(plan.Event with { Starter = invocation.Number })) { Kind = InvocationKind.Event };
        int failures = 0;
        for (int attempt = 0; ; attempt++)
        {
            await PaceAsync(cancellationToken);
            await _atOnce.WaitAsync(cancellationToken);
            try
            {
                await lambda.InvokeAsync(request, cancellationToken);
                invocations.Invoked(invocation);
                return;
            }
            catch (LambdaException refused) when (refused.Failure == LambdaFailure.Throttled)
            {
                Interlocked.Increment(ref _throttled);
                ThrottleReason = refused.ThrottleReason ?? refused.Code;
            }
            catch (LambdaException failed) when (failed.Failure is LambdaFailure.Service or LambdaFailure.Unreachable && ++failures < MostFailures)
            {
                // Should the function run all the same, the coordinator takes each invocation once and turns away what is too many.
            }
            finally
            {
                _atOnce.Release();
            }

            await Task.Delay(Pause(attempt), time, cancellationToken);
        }
    }

    /// <summary>Asks a function for nothing but whether it reaches the coordinator.</summary>
    /// <returns>What is wrong, or null when the coordinator is reached or nobody can tell now.</returns>
    public async Task<string?> ProbeAsync(CancellationToken cancellationToken)
    {
        Invocation probe = new(plan.Function, FunctionEvents.Encode(plan.Event with { Starter = -1, Probe = true }));
        try
        {
            InvocationResult result = await lambda.InvokeAsync(probe, cancellationToken);
            return result.Error is { } error ? $"function {plan.Function} answers {error.Type}: {error.Message}" : null;
        }
        catch (LambdaException busy) when (busy.Failure is LambdaFailure.Throttled or LambdaFailure.Service or LambdaFailure.Unreachable)
        {
            // The invocations themselves meet the same, and tell.
            return null;
        }
    }

    public void Dispose() => _atOnce.Dispose();

    /// <summary>Waits for the next of the evenly spread moments.</summary>
    private async Task PaceAsync(CancellationToken cancellationToken)
    {
        TimeSpan now = time.GetElapsedTime(_origin);
        TimeSpan mine;
        lock (_gate)
        {
            mine = _next > now ? _next : now;
            _next = mine + TimeSpan.FromSeconds(1.0 / plan.Rate);
        }

        if (mine > now)
            await Task.Delay(mine - now, time, cancellationToken);
    }

    private TimeSpan Pause(int attempt)
    {
        TimeSpan bound = FirstPause * Math.Pow(2, Math.Min(attempt, 10));
        lock (_gate)
            return (bound < LongestPause ? bound : LongestPause) * random.NextDouble();
    }
}
