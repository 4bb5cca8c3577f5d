using BoxerMpi.Transport;

namespace BoxerMpi.Internal;

/// <summary>The operations of one round of a collective, waited for together. Pooled.</summary>
internal sealed class CompletionGroup(Messenger messenger)
{
    private readonly List<Operation> _members = [];
    private int _pending;
    private long _started;
    private EngineWork? _follower;

    public Messenger Messenger { get; } = messenger;

    /// <summary>Where the collective runs.</summary>
    public Communicator? Communicator { get; private set; }

    /// <summary>The collective's name, for messages.</summary>
    public string Operation { get; private set; } = "";

    /// <summary>The collective's number on its communicator.</summary>
    public long Sequence { get; private set; }

    /// <summary>What its messages have.</summary>
    public int Tag { get; private set; }

    public Exception? Error { get; private set; }

    public bool IsDone => _pending == 0 || Error is not null;

    public TimeSpan Elapsed => TimeSpan.FromMilliseconds(Environment.TickCount64 - _started);

    public IReadOnlyList<Operation> Members => _members;

    public void Prepare(Communicator communicator, string operation, CollectiveNumber number)
    {
        Communicator = communicator;
        (Operation, Sequence, Tag) = (operation, number.Call, number.Tag);
        _started = Environment.TickCount64;
        Error = null;
        _pending = 0;
        _follower = null;
    }

    public void Add(Operation member)
    {
        member.Group = this;
        _members.Add(member);
        _pending++;
    }

    public void MemberCompleted(Exception? error)
    {
        _pending--;
        Error ??= error;
        if (IsDone)
            TellFollower();
    }

    /// <summary>Ends the round from outside: cancelled, timed out, revoked.</summary>
    public void Fail(Exception error)
    {
        Error ??= error;
        TellFollower();
    }

    /// <summary>Nobody blocks for the round: work goes on when it is done.</summary>
    public void ContinueWith(EngineWork follower)
    {
        Messenger.Engine.AssertGate();
        _follower = follower;
    }

    /// <summary>World ranks that the round still waits for.</summary>
    public int[] MissingRanks() => [.. _members.Where(m => !m.IsDone).Select(m => m.PeerRank).Where(rank => rank >= 0).Distinct().Order()];

    /// <summary>Takes back what is unfinished and forgets the members, so that another round may begin.</summary>
    public void Clear()
    {
        foreach (Operation member in _members)
        {
            member.Group = null;
            if (!member.IsDone)
            {
                member.Withdraw();
                member.Complete(default, Error);
            }

            Messenger.Pool.ReturnAny(member);
        }

        _members.Clear();
        _pending = 0;
    }

    private void TellFollower()
    {
        if (_follower is not { } follower)
            return;
        _follower = null;
        Messenger.Engine.Continue(follower);
    }
}

/// <summary>Met when all operations of the round have ended, or one has failed.</summary>
internal readonly struct RoundDone(CompletionGroup group) : IWaitCondition
{
    public bool IsMet => group.IsDone;
}
