namespace BoxerMpi.LambdaService.Execution;

/// <summary>Networks that are there for execution environments, each for one at a time, such as hosts behind NATs.</summary>
internal interface INetworks
{
    /// <summary>How many there are: no fewer than environments that may be busy at once.</summary>
    int Count { get; }

    /// <summary>Runs a body on a thread in one of them: sockets and processes that it makes belong there.</summary>
    T RunIn<T>(int number, Func<T> body);

    /// <summary>The same on the host that all of them reach: whoever calls from there finds the API on its loopback too.</summary>
    T RunOutside<T>(Func<T> body);
}

/// <summary>Deals out networks; the one that has been free for longest comes first.</summary>
internal sealed class NetworkPool
{
    private readonly INetworks _networks;

    // Protects _free and _waiting, of which one at least is empty.
    private readonly Lock _gate = new();
    private readonly Queue<int> _free;
    private readonly Queue<TaskCompletionSource<EnvironmentNetwork>> _waiting = new();

    public NetworkPool(INetworks networks)
    {
        _networks = networks;
        _free = new Queue<int>(Enumerable.Range(0, networks.Count));
    }

    /// <summary>One that is free now, or null.</summary>
    public EnvironmentNetwork? TryTake()
    {
        lock (_gate)
            return _free.TryDequeue(out int number) ? new EnvironmentNetwork(this, number) : null;
    }

    /// <summary>The next that is given back, or one that is free.</summary>
    public Task<EnvironmentNetwork> TakeAsync()
    {
        lock (_gate)
        {
            if (_free.TryDequeue(out int number))
                return Task.FromResult(new EnvironmentNetwork(this, number));
            TaskCompletionSource<EnvironmentNetwork> next = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(next);
            return next.Task;
        }
    }

    internal T RunIn<T>(int number, Func<T> body) => _networks.RunIn(number, body);

    internal void GiveBack(int number)
    {
        lock (_gate)
        {
            if (_waiting.TryDequeue(out TaskCompletionSource<EnvironmentNetwork>? next))
                next.SetResult(new EnvironmentNetwork(this, number));
            else
                _free.Enqueue(number);
        }
    }
}

/// <summary>A network that is one environment's until it is disposed.</summary>
internal sealed class EnvironmentNetwork(NetworkPool pool, int number) : IDisposable
{
    private int _isGivenBack;

    /// <inheritdoc cref="INetworks.RunIn{T}"/>
    public T Run<T>(Func<T> body) => pool.RunIn(number, body);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isGivenBack, 1) == 0)
            pool.GiveBack(number);
    }
}
