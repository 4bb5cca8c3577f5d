namespace BoxerMpi.LambdaService.Functions;

/// <summary>What environments are made of; a change of code or configuration makes a new one, and old environments go.</summary>
internal sealed record FunctionRevision(string Arn, string Name, FunctionSettings Settings, CodePackage Code)
{
    public string Id { get; private init; } = Guid.NewGuid().ToString();

    /// <summary>A copy is a revision of its own.</summary>
    public FunctionRevision Next() => this with { Id = Guid.NewGuid().ToString() };
}

/// <summary>A function as the service keeps it.</summary>
internal sealed class LambdaFunction(FunctionRevision revision, DateTimeOffset now)
{
    // Protects everything that can change.
    private readonly Lock _gate = new();
    private FunctionRevision _revision = revision;
    private FunctionStatus _status = new(IsNew: true, IsPending: true, now);
    private int? _reserved;
    private EventSettings? _events;

    public string Name { get; } = revision.Name;

    public string Arn { get; } = revision.Arn;

    public FunctionRevision Revision
    {
        get
        {
            lock (_gate)
                return _revision;
        }
    }

    public FunctionStatus Status
    {
        get
        {
            lock (_gate)
                return _status;
        }
    }

    /// <summary>Concurrency set aside for it, which is its limit as well; null when it takes from what all share.</summary>
    public int? Reserved
    {
        get
        {
            lock (_gate)
                return _reserved;
        }

        set
        {
            lock (_gate)
                _reserved = value;
        }
    }

    /// <summary>Null when never set.</summary>
    public EventSettings? Events
    {
        get
        {
            lock (_gate)
                return _events;
        }

        set
        {
            lock (_gate)
                _events = value;
        }
    }

    /// <summary>Replaces the revision unless an update is under way or <paramref name="expected"/> is no longer the present one.</summary>
    /// <returns>The replaced revision, or null.</returns>
    public FunctionRevision? TryUpdate(
        Func<FunctionRevision, FunctionRevision> change, string? expected, DateTimeOffset now, out bool pending)
    {
        lock (_gate)
        {
            pending = _status.IsPending;
            if (pending || (expected is not null && expected != _revision.Id))
                return null;
            FunctionRevision before = _revision;
            _revision = change(before).Next();
            _status = new FunctionStatus(IsNew: false, IsPending: true, now);
            return before;
        }
    }

    /// <summary>It was deleted; invocations under way end by themselves.</summary>
    public bool IsRemoved { get; private set; }

    public void Remove() => IsRemoved = true;

    /// <summary>Creation or update is done.</summary>
    public void Activate()
    {
        lock (_gate)
            _status = _status with { IsPending = false };
    }
}

/// <summary>Where a function's last change stands.</summary>
/// <param name="IsNew">That change was its creation.</param>
/// <param name="IsPending">It is not done.</param>
internal readonly record struct FunctionStatus(bool IsNew, bool IsPending, DateTimeOffset Changed)
{
    public bool IsActive => !IsNew || !IsPending;
}
