using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

/// <summary>What is wrong, in words: with frames of a peer, with operations, with the ranks that they wait for.</summary>
/// <remarks>Away from the data path: a method that makes a text clears room for it in each of its calls.</remarks>
/// <param name="rank">World rank.</param>
/// <param name="size">World size.</param>
/// <param name="peers">What is known of the others.</param>
internal sealed class MessengerErrors(int rank, int size, Peer[] peers)
{
    public WireFormatException NoSuchRank(Link link, in FrameHeader header) => new(
        $"A frame from rank {header.Source} to rank {header.Destination} came over {link.Description}; the job has ranks 0 to {size - 1}.");

    public WireFormatException NotRelayed(Link link, in FrameHeader header) => new(
        $"A frame from rank {header.Source} to rank {header.Destination} came over the link from rank {link.Peer} to rank {rank}, which " +
        "relay nothing.");

    public WireFormatException FromItself(Link link) =>
        new($"Rank {rank}'s own rank came as the source of a frame over {link.Description}.");

    public static WireFormatException TooMuchCredit(Peer source, in FrameHeader header) =>
        new($"Rank {source.Rank} gave back {header.Credit} bytes of credit, more than it had been sent.");

    public static WireFormatException TooMuchUnasked(Peer source) =>
        new($"Rank {source.Rank} sent {source.Charged} bytes unasked; its credit is {WireLimits.CreditWindowBytes}.");

    public static WireFormatException AnnouncedAgain(Peer source, ulong sendId) =>
        new($"Rank {source.Rank} announced message {sendId} again.");

    public static WireFormatException TooManyAnnounced(Peer source) => new(
        $"Rank {source.Rank} announced {source.Remembered} messages that were not asked for; {WireLimits.AnnouncementLimit} are allowed.");

    public static WireFormatException NegativeTag(in FrameHeader header) =>
        new($"Rank {header.Source} sent a message with tag {header.Tag}; tags are zero or more.");

    public static WireFormatException NotAskedFor(in FrameHeader header) =>
        new($"Rank {header.Source} sent data that was not asked for (receive {header.Context}).");

    public static WireFormatException MoreThanAskedFor(in FrameHeader header, long askedFor) =>
        new($"Rank {header.Source} sent {header.Length} bytes of a message; {askedFor} were asked for.");

    public static WireFormatException WrongLength(in FrameHeader header, int bytes) =>
        new($"A {header.Kind} frame has {bytes} bytes of payload, not {header.Length}.");

    public WireFormatException RevokedByNobody(in FrameHeader header) => new(
        $"Rank {header.Source} says that rank {header.Tag} revoked a communicator; the job has ranks 0 to {size - 1}.");

    /// <summary>The state of a peer as far as this rank knows.</summary>
    public string Describe(int worldRank)
    {
        Peer peer = peers[worldRank];
        if (worldRank == rank)
            return "the partner is this rank itself";
        if (peer.Failure is not null)
            return peer.Failure.Message;
        if (peer.Link is not { } link)
            return $"there is no link to rank {worldRank}{(peer.IsLinkWanted ? "; it is being set up" : "")}";
        string via = peer.IsRelayed ? $" (relayed by rank {link.Peer})" : "";
        return $"the link to rank {worldRank}{via}, {link.Description}, has been silent for {link.Silence.TotalSeconds:F1} s";
    }

    public MpiTimeoutException TimedOut(Operation operation, TimeSpan timeout)
    {
        Communicator? communicator = operation.Communicator;
        int peer = operation.PeerRank;
        string state = peer >= 0 ? Describe(peer) : "no rank has sent a matching message";
        if (operation is SendOperation { Progress: SendOperation.Stage.Offered })
            state += "; the receiver has posted no matching receive";
        else if (operation is SendOperation { Progress: SendOperation.Stage.Waiting, ExpectedLink: not null } held)
            state += $"; the receiver has not received {held.Peer.Announced} earlier messages that it was told of";
        return new MpiTimeoutException(
            $"{operation.Describe()}{On(communicator)} timed out after {timeout.TotalSeconds:F1} s: {state}. " +
            "Give it more time with Communicator.Timeout, or look for the missing partner of this call.")
        {
            Rank = rank,
            Operation = operation.Describe(),
            Communicator = communicator?.Name ?? "",
            Elapsed = operation.Elapsed,
            Deadline = timeout,
            MissingRanks = peer >= 0 ? [peer] : [],
            StateOfEachPeer = [state],
        };
    }

    public MpiTimeoutException TimedOut(CompletionGroup group, Communicator communicator, TimeSpan timeout)
    {
        int[] missing = group.MissingRanks();
        string[] states = [.. missing.Select(Describe)];
        string name = $"{group.Operation} #{group.Sequence}";
        return new MpiTimeoutException(
            $"{name}{On(communicator)} timed out after {timeout.TotalSeconds:F1} s: waiting for rank(s) {string.Join(", ", missing)}; " +
            $"{string.Join("; ", states)}. The communicator is revoked.")
        {
            Rank = rank,
            Operation = name,
            Communicator = communicator.Name,
            Elapsed = group.Elapsed,
            Deadline = timeout,
            MissingRanks = missing,
            StateOfEachPeer = states,
            IsTransient = false,
        };
    }

    /// <summary>Why nothing more comes from a peer.</summary>
    public PeerFailedException Gone(Peer peer, Exception? reason)
    {
        string what = reason switch
        {
            null => $"Rank {peer.Rank} has left the job",
            DeadPathException when peer.Link is { } link && link.Peer != peer.Rank =>
                $"Rank {peer.Rank} is out of reach: the link between rank {rank} and rank {link.Peer}, which relays, is cut: {reason.Message}",
            DeadPathException => $"The link between rank {rank} and rank {peer.Rank} is cut: {reason.Message}",
            _ => $"Rank {peer.Rank} failed: {reason.Message}",
        };
        return new PeerFailedException(what, reason) { FailedRanks = [peer.Rank], Rank = rank };
    }

    public PeerFailedException PeerGone(Peer peer, string operation, Communicator? communicator, TimeSpan elapsed = default) =>
        new($"{operation}{On(communicator)} cannot finish: {peer.Failure!.Message}", peer.Failure.Cause)
        {
            Rank = rank,
            Operation = operation,
            Communicator = communicator?.Name ?? "",
            Elapsed = elapsed,
            FailedRanks = [.. peers.Where(p => p.Failure is not null && !p.HasLeft || p == peer).Select(p => p.Rank)],
        };

    public MessageTruncatedException Truncated(ReceiveOperation receive, int source, int tag, long actual)
    {
        int from = receive.Communicator?.FromWorldRank(source) ?? source;
        string operation = receive.Group is { } group ? $"{group.Operation} #{group.Sequence}" : "Receive";
        string advice = receive.Group is null ? "receive into a larger buffer, or probe first" : "give all ranks the same count";
        return new MessageTruncatedException(
            $"{operation}{On(receive.Communicator)}: a message of {actual} bytes from rank {from} (tag {tag}) met a buffer of " +
            $"{receive.Capacity} bytes; {advice}.")
        {
            Rank = rank,
            Operation = operation,
            Communicator = receive.Communicator?.Name ?? "",
            ExpectedBytes = receive.Capacity,
            ActualBytes = actual,
            Peer = from,
            Tag = tag,
        };
    }

    public MessageLostException NotReceived(SendOperation send)
    {
        int to = send.Communicator?.FromWorldRank(send.Peer.Rank) ?? send.Peer.Rank;
        return new MessageLostException(
            $"{send.Describe()}{On(send.Communicator)} was not received: rank {to} has disposed its communicator.")
        {
            Rank = rank,
            Operation = send.Describe(),
            Communicator = send.Communicator?.Name ?? "",
            Elapsed = send.Elapsed,
            Peer = to,
            Tag = send.Tag,
        };
    }

    public MessageLostException TakenBack(ReceiveOperation receive)
    {
        int from = receive.Communicator?.FromWorldRank(receive.Source) ?? receive.Source;
        return new MessageLostException(
            $"{receive.Describe()}{On(receive.Communicator)}: rank {from} has cancelled its message after it was probed.")
        {
            Rank = rank,
            Operation = receive.Describe(),
            Communicator = receive.Communicator?.Name ?? "",
            Peer = from,
            Tag = receive.Tag,
        };
    }

    public static CommunicatorRevokedException RevokedAgain(CommunicatorRevokedException first) =>
        new(first.Message) { RevokedBy = first.RevokedBy, Reason = first.Reason, Rank = first.Rank, Communicator = first.Communicator };

    /// <summary>Where an operation is, as the end of its name.</summary>
    public static string On(Communicator? communicator) =>
        communicator is null ? "" : $" on \"{communicator.Name}\" ({communicator.Size} ranks), rank {communicator.Rank}";
}
