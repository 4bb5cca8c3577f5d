using BoxerMpi.LambdaService.Functions;

namespace BoxerMpi.LambdaService.Execution;

/// <summary>Warm environments that wait for work: the one used last is used next, and those without work for long are ended.</summary>
internal sealed class EnvironmentPool : IAsyncDisposable
{
    private readonly LambdaServiceOptions _options;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _reaping;

    // Protects _idle and _ended.
    private readonly Lock _gate = new();
    private readonly List<ExecutionEnvironment> _idle = [];
    private bool _ended;

    public EnvironmentPool(LambdaServiceOptions options)
    {
        _options = options;
        _reaping = ReapAsync();
    }

    /// <summary>An environment of exactly this revision, or null.</summary>
    public ExecutionEnvironment? TryTake(FunctionRevision revision)
    {
        lock (_gate)
        {
            int index = _idle.FindLastIndex(environment => environment.Revision == revision && !environment.Exited.IsCompleted);
            if (index < 0)
                return null;
            ExecutionEnvironment found = _idle[index];
            _idle.RemoveAt(index);
            return found;
        }
    }

    /// <summary>Takes back an environment that has served its event.</summary>
    public async Task ReturnAsync(ExecutionEnvironment environment, LambdaFunction function)
    {
        environment.IdleSince = _options.Time.GetTimestamp();
        lock (_gate)
        {
            if (!_ended && !environment.Exited.IsCompleted && function.Revision == environment.Revision && !function.IsRemoved)
            {
                _idle.Add(environment);
                return;
            }
        }

        await environment.DisposeAsync();
    }

    /// <summary>Ends the idle environments of a revision that is no longer used.</summary>
    public Task EndAsync(FunctionRevision revision) => EndAsync(environment => environment.Revision == revision);

    /// <summary>Ends the one that has been idle for longest, if there is any, to make room for another.</summary>
    public async Task EndOldestAsync()
    {
        ExecutionEnvironment oldest;
        lock (_gate)
        {
            if (_idle.Count == 0)
                return;
            oldest = _idle[0];
            _idle.RemoveAt(0);
        }

        await oldest.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _reaping;
        _end.Dispose();
        lock (_gate)
            _ended = true;
        await EndAsync(_ => true);
    }

    private async Task EndAsync(Predicate<ExecutionEnvironment> which)
    {
        List<ExecutionEnvironment> gone;
        lock (_gate)
        {
            gone = _idle.FindAll(which);
            _idle.RemoveAll(which);
        }

        await Task.WhenAll(gone.Select(environment => environment.DisposeAsync().AsTask()));
    }

    private async Task ReapAsync()
    {
        using PeriodicTimer timer = new(_options.IdleLimit / 4, _options.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_end.Token))
                await EndAsync(environment => environment.Exited.IsCompleted || _options.Time.GetElapsedTime(environment.IdleSince) >= _options.IdleLimit);
        }
        catch (OperationCanceledException)
        {
            // The service ends; so do all environments.
        }
    }
}
