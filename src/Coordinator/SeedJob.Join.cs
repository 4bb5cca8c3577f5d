using System.Globalization;
using System.Net;
using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

internal sealed partial class SeedJob
{
    /// <summary>Takes a joiner whose token is proven, or rejects it with the reason.</summary>
    internal void Join(SeedConnection connection, JoinMessage join)
    {
        lock (_gate)
        {
            if (IsFirstToReturn(join))
                BeginReturning(join.RequestedRank);
            if (Refusal(connection, join) is var (reason, text))
            {
                connection.Reject(reason, text);
                return;
            }

            if (_directory.RankOf(join.MemberId) is >= 0 and int known)
                JoinAgain(connection, join, _places[known]);
            else if (join.Resumed)
                Return(connection, join);
            else
                JoinNew(connection, join);
        }
    }

    private void JoinNew(SeedConnection connection, JoinMessage join)
    {
        int rank = join.RequestedRank >= 0 ? join.RequestedRank : NextFree();
        if (connection.Channel.IsFromElsewhere)
            SendHome(rank, connection);
        MemberPlace place = _places[rank];
        place.Info = Register(connection, join, rank);
        place.State = MemberState.Joined;
        place.Connection = connection;
        place.JoinedAfter = Now;
        place.Deadline = Now + join.Remaining;
        connection.Rank = rank;
        _joined++;
        _gateTimer ??= _time.CreateTimer(static state => ((SeedJob)state!).GateTimedOut(), this, Spec.GateTimeout, Timeout.InfiniteTimeSpan);
        connection.PostAccepted(Describe(rank, connection.Channel.Remote), Spec.Token);
        Publish(place, MembershipChange.Joined);
        if (_joined == Spec.Size)
            OpenGate();
    }

    /// <summary>The same member over a new connection: the answer is the same as before, and the old connection ends.</summary>
    private void JoinAgain(SeedConnection connection, JoinMessage join, MemberPlace place)
    {
        SeedConnection? old = place.Connection;
        bool returned = old is null;
        place.Connection = connection;
        place.DisconnectedSince = null;
        place.FailureReason = null;
        place.HasClosed = false;
        connection.Rank = place.Rank;
        if (place.State == MemberState.Joined)
        {
            _directory.Remove(place.Info!);
            place.Info = Register(connection, join, place.Rank);
            place.Deadline = Now + join.Remaining;
        }

        old?.Close("the member has joined again");
        connection.PostAccepted(Describe(place.Rank, connection.Channel.Remote), Spec.Token);
        if (place.State == MemberState.Joined)
            return;

        // One that has started already has its table; one whose first connection broke at the gate has not.
        if (!join.Resumed)
            connection.Post(StartFrame());
        if (returned)
            Publish(place, MembershipChange.Returned);
    }

    /// <summary>Why the joiner cannot be taken, or <see langword="null"/>.</summary>
    private (RendezvousFailure Reason, string Text)? Refusal(SeedConnection connection, JoinMessage join)
    {
        if (_closed is not null)
            return (RendezvousFailure.WrongJob, $"Job '{Spec.JobId}' has ended: {_closed}.");
        if (_abort is not null)
            return (RendezvousFailure.WrongJob, $"Job '{Spec.JobId}' was aborted with code {_abort.Code}: {_abort.Message}");
        if (_gateFailed)
            return (RendezvousFailure.GateTimeout, $"Job '{Spec.JobId}' was given up: not all of its {Spec.Size} ranks joined in time; start it again.");
        if (_directory.RankOf(join.MemberId) is >= 0 and int known)
        {
            return _places[known].State switch
            {
                MemberState.Left => (RendezvousFailure.JobFull, $"This member was rank {known} and has left the job."),
                MemberState.Failed => (RendezvousFailure.JobFull, $"This member was rank {known} and counts as failed: {_places[known].FailureReason}."),
                MemberState.Joined => AddressConflict(connection, join, known),
                _ when _returning.HasBegun && !join.Resumed => _returning.RunsAlready,
                _ => null,
            };
        }

        if (ReturnRefusal(join) is { } refusal)
            return refusal;
        if (join.RequestedRank >= Spec.Size)
        {
            return (
                RendezvousFailure.RankOutOfRange,
                $"Rank {join.RequestedRank} was requested, but job '{Spec.JobId}' has ranks 0 to {Spec.Size - 1}.");
        }

        if (join.RequestedRank >= 0 && _places[join.RequestedRank].Info is { } holder)
        {
            return (
                RendezvousFailure.RankTaken,
                $"Rank {join.RequestedRank} was requested, but {holder.Host} ({holder.Observed}) has it; request another one, or none.");
        }

        if (_joined == Spec.Size)
            return (RendezvousFailure.JobFull, $"Job '{Spec.JobId}' has all its {Spec.Size} ranks; spares are not needed.");
        if (join.RequestedRank < 0 && NextFree() == Spec.Size)
            return (RendezvousFailure.JobFull, $"The ranks of job '{Spec.JobId}' that are free are kept for its launcher's functions.");
        return AddressConflict(connection, join, -1);
    }

    private (RendezvousFailure Reason, string Text)? AddressConflict(SeedConnection connection, JoinMessage join, int ownRank)
    {
        IPEndPoint observed = connection.Channel.Remote;
        if (Spec.OnePerAddress && _directory.RankAt(observed.Address) is >= 0 and int sameAddress && sameAddress != ownRank)
        {
            return (
                RendezvousFailure.AddressRegistered,
                $"Rank {sameAddress} has joined from {observed.Address} already, and this job takes one member an address "
                + $"(its setting {nameof(JobSpec.OnePerAddress)}).");
        }

        if (Taken(observed, ownRank) is { } sameObserved)
            return (RendezvousFailure.AddressRegistered, $"Rank {sameObserved} has joined from {observed} already.");
        foreach (IPEndPoint endPoint in EndPointsOf(connection, join))
        {
            if (Taken(endPoint, ownRank) is { } sameEndPoint)
            {
                return (
                    RendezvousFailure.AddressRegistered,
                    $"Rank {sameEndPoint} accepts links at {endPoint} already; give each member an address or port of its own.");
            }
        }

        return LoopbackConflict(connection, join, ownRank) is { } text ? (RendezvousFailure.LoopbackAddress, text) : null;
    }

    private int? Taken(IPEndPoint endPoint, int ownRank) =>
        _directory.RankAt(endPoint) is >= 0 and int rank && rank != ownRank ? rank : null;

    private static IReadOnlyList<IPEndPoint> EndPointsOf(SeedConnection connection, JoinMessage join)
    {
        IPEndPoint observed = connection.Channel.Remote;
        if (join.Advertised.Count > 0)
            return join.Advertised;
        return join.ListenPort == join.Local.Port ? [observed] : [new IPEndPoint(observed.Address, join.ListenPort)];
    }

    private MemberInfo Register(SeedConnection connection, JoinMessage join, int rank)
    {
        IPEndPoint observed = connection.Channel.Remote;
        MemberInfo info = new(rank, join.MemberId, observed, EndPointsOf(connection, join), join.Host, join.ProcessId)
        {
            Local = join.Local,
            Nat = NatKinds.Detect(join.Local, observed, join.SecondObserved),
        };
        _directory.Add(info);
        return info;
    }

    private int NextFree()
    {
        while (_nextFree < _places.Length && _places[_nextFree].Info is not null)
            _nextFree++;
        return _nextFree;
    }

    private void OpenGate()
    {
        _gateTimer?.Dispose();
        ReadOnlyMemory<byte> start = StartFrame();
        foreach (MemberPlace place in _places)
        {
            place.State = MemberState.Started;
            place.Connection!.Post(start);
        }

        Publish(null, MembershipChange.Started);
        _started.TrySetResult();
    }

    private ReadOnlyMemory<byte> StartFrame()
    {
        MemberInfo[] members = [.. _places.Select(place => place.Info!)];
        return StartMessage.Encode(members, _places.Min(place => place.Deadline) - Now);
    }

    private void GateTimedOut()
    {
        RendezvousException failure;
        lock (_gate)
        {
            if (_joined == Spec.Size || _joined == 0 || _gateFailed || _closed is not null)
                return;
            _gateFailed = true;
            string text = $"Only {_joined} of {Spec.Size} ranks joined job '{Spec.JobId}' within {Spec.GateTimeout.TotalSeconds:0.#} s; missing: {Missing()}. " +
                "See whether the others were started and reach the coordinator, or raise the gate's time limit.";
            failure = new RendezvousException(RendezvousFailure.GateTimeout, _seed.EndPoint.ToString(), text);
            foreach (MemberPlace place in _places)
                place.Connection?.Reject(RendezvousFailure.GateTimeout, text);
        }

        _started.TrySetException(failure);
        _allLeft.TrySetResult();
    }

    /// <summary>The first ranks that are missing, for a message.</summary>
    private string Missing()
    {
        const int Shown = 8;
        int[] missing = [.. _places.Where(place => place.Info is null).Select(place => place.Rank)];
        string text = string.Join(", ", missing.Take(Shown).Select(rank => rank.ToString(CultureInfo.InvariantCulture)));
        return missing.Length > Shown ? $"ranks {text} and {missing.Length - Shown} more" : $"rank{(missing.Length > 1 ? "s" : "")} {text}";
    }
}
