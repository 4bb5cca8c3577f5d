using System.Collections.Concurrent;
using BoxerMpi.LambdaService.Execution;
using BoxerMpi.LambdaService.Functions;
using BoxerMpi.LambdaService.Http;

namespace BoxerMpi.LambdaService.Invocations;

/// <summary>Runs events: finds or starts an environment, and makes one result of whatever happens there.</summary>
internal sealed class Invoker(EnvironmentHost host, EnvironmentPool pool, ConcurrencyLimit limit) : IAsyncDisposable
{
    private readonly LambdaServiceOptions _options = host.Options;

    // Environments that serve an event now, so that the end of the service can end them.
    private readonly ConcurrentDictionary<ExecutionEnvironment, bool> _busy = new();
    private readonly CancellationTokenSource _end = new();

    // Protects _underWay.
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _underWay;

    /// <summary>Invocations that run now.</summary>
    public int Running => limit.Running;

    /// <summary>For a caller that waits.</summary>
    /// <exception cref="ApiException">There is no room now.</exception>
    /// <exception cref="OperationCanceledException">The service ends, and the function with it: it has answered nothing.</exception>
    public async Task<InvocationResult> InvokeAsync(LambdaFunction function, InvocationRequest request)
    {
        if (limit.TryEnter(function) is { } reason)
            throw ApiException.Throttled(reason);
        return await RunAsync(function, request);
    }

    /// <summary>For an event from the queue: waits until there is room.</summary>
    /// <exception cref="OperationCanceledException">There was none until the token fired, or the service ends.</exception>
    public async Task<InvocationResult> InvokeWhenThereIsRoomAsync(
        LambdaFunction function, InvocationRequest request, CancellationToken cancellationToken)
    {
        await limit.EnterAsync(function, cancellationToken);
        return await RunAsync(function, request);
    }

    /// <summary>Ends all environments that serve an event; returns when every invocation has its answer, be it that the service ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_busy.Keys.Select(environment => environment.DisposeAsync().AsTask()));
        lock (_gate)
        {
            if (_underWay == 0)
                _drained.TrySetResult();
        }

        await _drained.Task;
    }

    private async Task<InvocationResult> RunAsync(LambdaFunction function, InvocationRequest request)
    {
        try
        {
            Begin();
            InvocationResult result = await RunOnAnyAsync(function, function.Revision, request);
            _options.Log?.Invoke($"{function.Name} {request.Id} {(result.IsError ? "failed: " + System.Text.Encoding.UTF8.GetString(result.Payload) : "succeeded")}");
            return result;
        }
        finally
        {
            limit.Leave(function);
            End();
        }
    }

    private void Begin()
    {
        lock (_gate)
            _underWay++;
        _end.Token.ThrowIfCancellationRequested();
    }

    private void End()
    {
        lock (_gate)
        {
            if (--_underWay == 0 && _end.IsCancellationRequested)
                _drained.TrySetResult();
        }
    }

    private async Task<InvocationResult> RunOnAnyAsync(LambdaFunction function, FunctionRevision revision, InvocationRequest request)
    {
        // A warm environment that ended before it took the event has done nothing with it: another one may.
        while (pool.TryTake(revision) is { } warm)
        {
            if (await ServeAsync(warm, function, request, revision.Settings.Timeout) is { } result)
                return result;
        }

        if (_options.ColdStart > TimeSpan.Zero)
            await Task.Delay(_options.ColdStart, _options.Time, _end.Token);
        ExecutionEnvironment environment = await StartAsync(revision);
        TimeSpan timeLeft = revision.Settings.Timeout;
        if (await environment.InitializeAsync(request.Id, _options.InitLimit) is not null)
        {
            // Lambda starts it once more, and that start counts as part of the invocation.
            await EndAsync(environment);
            long started = _options.Time.GetTimestamp();
            environment = await StartAsync(revision);
            if (await environment.InitializeAsync(request.Id, timeLeft) is { } error)
            {
                byte[] log = environment.ConcludeFailedInit(request);
                await EndAsync(environment);
                _end.Token.ThrowIfCancellationRequested();
                return new InvocationResult(error.Body, IsError: true, log);
            }

            timeLeft -= _options.Time.GetElapsedTime(started);
        }

        return await ServeAsync(environment, function, request, timeLeft > TimeSpan.Zero ? timeLeft : TimeSpan.Zero) ?? EndedEarly(request);
    }

    private async Task<InvocationResult?> ServeAsync(
        ExecutionEnvironment environment, LambdaFunction function, InvocationRequest request, TimeSpan timeLeft)
    {
        await MarkBusyAsync(environment);
        (InvocationResult Result, bool IsUsable)? outcome = await environment.RunAsync(request, timeLeft);
        _busy.TryRemove(environment, out _);
        if (outcome is { IsUsable: true })
            await pool.ReturnAsync(environment, function);
        else
            await environment.DisposeAsync();

        // An environment that was ended with the service looks like one that crashed. The function has not: the caller must not think so.
        if (outcome is not { IsUsable: true })
            _end.Token.ThrowIfCancellationRequested();
        return outcome?.Result;
    }

    private async Task<ExecutionEnvironment> StartAsync(FunctionRevision revision)
    {
        _end.Token.ThrowIfCancellationRequested();
        ExecutionEnvironment environment = await host.StartAsync(revision, await NetworkAsync());
        await MarkBusyAsync(environment);
        return environment;
    }

    /// <summary>From here on the end of the service ends the environment, this call if that has begun.</summary>
    private async Task MarkBusyAsync(ExecutionEnvironment environment)
    {
        _busy.TryAdd(environment, true);
        if (!_end.IsCancellationRequested)
            return;
        await EndAsync(environment);
        _end.Token.ThrowIfCancellationRequested();
    }

    /// <summary>
    /// A network for one more environment. When all are taken, those that are busy with other events are fewer than all (the limit of
    /// concurrency says so), so that at least one is an idle environment's, or of one that ends right now.
    /// </summary>
    private async Task<EnvironmentNetwork?> NetworkAsync()
    {
        if (host.Networks is not { } networks)
            return null;
        if (networks.TryTake() is { } free)
            return free;
        Task<EnvironmentNetwork> next = networks.TakeAsync();
        await pool.EndOldestAsync();
        return await next.WaitAsync(_end.Token);
    }

    private ValueTask EndAsync(ExecutionEnvironment environment)
    {
        _busy.TryRemove(environment, out _);
        return environment.DisposeAsync();
    }

    private static InvocationResult EndedEarly(InvocationRequest request) => new(
        RuntimeReport.Error("Runtime.ExitError", $"RequestId: {request.Id} Error: Runtime exited without providing a reason").Body,
        IsError: true, []);
}
