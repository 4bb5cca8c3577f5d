using System.Diagnostics;
using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

/// <summary>Who follows a job's membership.</summary>
/// <param name="spec">The job.</param>
/// <param name="options">Of its coordinator.</param>
/// <param name="gate">The job's lock, which its caller holds.</param>
internal sealed class JobFollowers(JobSpec spec, SeedOptions options, Lock gate)
{
    private readonly List<(Subscription Follower, bool EndsWithJob)> _followers = [];
    private readonly HashSet<SeedConnection> _connections = [];

    public int Count
    {
        get
        {
            Debug.Assert(gate.IsHeldByCurrentThread);
            return _followers.Count;
        }
    }

    /// <summary>Those of followers over the network, which are looked after like members'.</summary>
    public IEnumerable<SeedConnection> Connections
    {
        get
        {
            Debug.Assert(gate.IsHeldByCurrentThread);
            return _connections;
        }
    }

    public void Add(SeedConnection connection)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        _connections.Add(connection);
    }

    public void Remove(SeedConnection connection)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        _connections.Remove(connection);
    }

    /// <param name="follower">Knows the present state.</param>
    /// <param name="endsWithJob">Whether it follows this job only.</param>
    public void Add(Subscription follower, bool endsWithJob)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        _followers.Add((follower, endsWithJob));
    }

    public void Remove(Subscription follower)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        _followers.RemoveAll(entry => entry.Follower == follower);
    }

    /// <summary>Tells all of them; those that do not keep up are dropped.</summary>
    public void Tell(MembershipEvent happened)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        for (int i = _followers.Count - 1; i >= 0; i--)
        {
            if (_followers[i].Follower.Offer(happened))
                continue;
            if (_followers[i].Follower.DroppedReason is { } dropped)
                options.Log?.Invoke($"A follower of job '{spec.JobId}' is dropped: {dropped}");
            _followers.RemoveAt(i);
        }
    }

    /// <summary>The job has ended: so have those who follow it only.</summary>
    public void End()
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        foreach ((Subscription follower, bool endsWithJob) in _followers)
        {
            if (endsWithJob)
                follower.Complete();
        }
    }

    /// <summary>Nothing is told any more.</summary>
    public void Clear()
    {
        End();
        _followers.Clear();
    }
}
