using BoxerMpi.LambdaService.Functions;

namespace BoxerMpi.LambdaService.Invocations;

/// <summary>How many invocations may run at once: of the account, and of a function that has concurrency reserved.</summary>
internal sealed class ConcurrencyLimit(int account, FunctionStore functions)
{
    private const string AccountReason = "ConcurrentInvocationLimitExceeded";
    private const string FunctionReason = "ReservedFunctionConcurrentInvocationLimitExceeded";

    // Protects _running and _freed.
    private readonly Lock _gate = new();
    private readonly Dictionary<LambdaFunction, int> _running = [];
    private TaskCompletionSource _freed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Account => account;

    /// <summary>What functions without a reservation share.</summary>
    public int Unreserved => account - functions.All.Sum(function => function.Reserved ?? 0);

    /// <summary>Invocations that run now.</summary>
    public int Running
    {
        get
        {
            lock (_gate)
                return _running.Values.Sum();
        }
    }

    /// <summary>Takes a place; null when there was one, else the reason of the throttling.</summary>
    public string? TryEnter(LambdaFunction function)
    {
        lock (_gate)
        {
            if (function.Reserved is { } reserved)
            {
                if (_running.GetValueOrDefault(function) >= reserved)
                    return FunctionReason;
            }
            else if (_running.Where(pair => pair.Key.Reserved is null).Sum(pair => pair.Value) >= Unreserved)
            {
                return AccountReason;
            }

            _running[function] = _running.GetValueOrDefault(function) + 1;
            return null;
        }
    }

    /// <summary>Waits for a place and takes it.</summary>
    public async Task EnterAsync(LambdaFunction function, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task freed;
            lock (_gate)
                freed = _freed.Task;
            if (TryEnter(function) is null)
                return;
            await freed.WaitAsync(cancellationToken);
        }
    }

    public void Leave(LambdaFunction function)
    {
        lock (_gate)
        {
            if (--_running[function] == 0)
                _running.Remove(function);
        }

        Changed();
    }

    /// <summary>There may be room now: whoever waits looks again.</summary>
    public void Changed()
    {
        TaskCompletionSource freed;
        lock (_gate)
        {
            freed = _freed;
            _freed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        freed.SetResult();
    }
}
