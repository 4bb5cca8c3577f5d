namespace BoxerMpi;

// The leaves live in the lowest layer, so that links and the rendezvous throw the same types that users catch.

/// <summary>
/// Something that another rank, the network or time did to an operation; wrong arguments are <see cref="ArgumentException"/>s.
/// </summary>
public class MpiException : Exception
{
    /// <summary>Creates the exception.</summary>
    public MpiException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <summary>The rank on which it was raised, in the job's world, or -1 before ranks are known.</summary>
    public int Rank { get; init; } = -1;

    /// <summary>The operation that failed, such as <c>Receive</c> or <c>AllToAll #17</c>.</summary>
    public string Operation { get; init; } = "";

    /// <summary>The communicator's name, or empty outside of one.</summary>
    public string Communicator { get; init; } = "";

    /// <summary>How long the operation had been waiting.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Whether doing the same again may succeed.</summary>
    public bool IsTransient { get; init; }
}

/// <summary>An operation did not finish before its deadline.</summary>
public sealed class MpiTimeoutException(string message) : MpiException(message)
{
    /// <summary>World ranks that the operation was still waiting for.</summary>
    public IReadOnlyList<int> MissingRanks { get; init; } = [];

    /// <summary>The time that the operation was given.</summary>
    public TimeSpan Deadline { get; init; }

    /// <summary>One line for each missing rank: the state of its link.</summary>
    public IReadOnlyList<string> StateOfEachPeer { get; init; } = [];
}

/// <summary>A rank that the operation depends on has failed or has left the job.</summary>
public sealed class PeerFailedException(string message, Exception? cause = null) : MpiException(message, cause)
{
    /// <summary>World ranks known to have failed.</summary>
    public IReadOnlyList<int> FailedRanks { get; init; } = [];

    /// <summary>What was seen of the failure, when it was more than a closed connection.</summary>
    public Exception? Cause => InnerException;
}

/// <summary>The communicator was revoked: a collective on it was cancelled, timed out, or a member disposed it in use.</summary>
public sealed class CommunicatorRevokedException(string message) : MpiException(message)
{
    /// <summary>World rank that revoked it.</summary>
    public int RevokedBy { get; init; } = -1;

    /// <summary>Why it was revoked.</summary>
    public string Reason { get; init; } = "";
}

/// <summary>A message was longer than the buffer it was received into; the message is consumed and the link stays usable.</summary>
public sealed class MessageTruncatedException(string message) : MpiException(message)
{
    /// <summary>Bytes the buffer held.</summary>
    public long ExpectedBytes { get; init; }

    /// <summary>Bytes the message had.</summary>
    public long ActualBytes { get; init; }

    /// <summary>Rank that sent it, in the communicator.</summary>
    public int Peer { get; init; } = -1;

    /// <summary>Its tag.</summary>
    public int Tag { get; init; }
}

/// <summary>
/// A message will not be received: its receiver has disposed its communicator without doing so, or its sender has cancelled it after a probe
/// had matched it.
/// </summary>
public sealed class MessageLostException(string message) : MpiException(message)
{
    /// <summary>Rank on the other side, in the communicator.</summary>
    public int Peer { get; init; } = -1;

    /// <summary>The message's tag.</summary>
    public int Tag { get; init; }
}

/// <summary>Ranks called different collectives, or the same one with different operation, type, count or root.</summary>
public sealed class CollectiveMismatchException(string message) : MpiException(message)
{
    /// <summary>Number of the collective on its communicator.</summary>
    public long Sequence { get; init; }

    /// <summary>What this rank called.</summary>
    public string Mine { get; init; } = "";

    /// <summary>What the other rank called.</summary>
    public string Theirs { get; init; } = "";

    /// <summary>The other rank, in the communicator.</summary>
    public int TheirRank { get; init; } = -1;

    /// <summary>This rank's last collectives on the communicator, newest last.</summary>
    public IReadOnlyList<string> History { get; init; } = [];
}

/// <summary>The job was aborted: a rank failed, called Abort, or the launcher ended it.</summary>
public sealed class JobAbortedException(string message) : MpiException(message)
{
    /// <summary>World rank that aborted the job, or -1 for the launcher or the coordinator.</summary>
    public int AbortingRank { get; init; } = -1;

    /// <summary>Exit code of the job.</summary>
    public int ExitCode { get; init; } = 1;

    /// <summary>What the aborting rank said.</summary>
    public string RemoteMessage { get; init; } = "";
}

/// <summary>Why a coordinator did not take a joiner, or a joiner could not reach it.</summary>
public enum RendezvousFailure
{
    /// <summary>No coordinator answered at the address.</summary>
    Unreachable,

    /// <summary>The other side is not a coordinator, or speaks another version of the protocol.</summary>
    ProtocolVersion,

    /// <summary>The token was not proven.</summary>
    BadToken,

    /// <summary>The coordinator does not know this job.</summary>
    WrongJob,

    /// <summary>The job has all its ranks; joiners beyond them are spares.</summary>
    JobFull,

    /// <summary>The same external endpoint has joined already.</summary>
    AddressRegistered,

    /// <summary>The requested rank is taken.</summary>
    RankTaken,

    /// <summary>The requested rank is not below the job's size.</summary>
    RankOutOfRange,

    /// <summary>Not all ranks joined before the gate's deadline.</summary>
    GateTimeout,

    /// <summary>The coordinator closed the connection or broke the protocol.</summary>
    ConnectionLost,

    /// <summary>The port to listen on is taken, or may not be used.</summary>
    PortTaken,

    /// <summary>
    /// The coordinator does not relay for this pair: the job does not allow it, has no pairs left, or the other end did not come.
    /// </summary>
    RelayRefused,

    /// <summary>
    /// The joiner accepts links at a loopback address only, and ranks of other hosts have joined: it came to the coordinator by a loopback
    /// address, perhaps by a name that its host's hosts file maps to one.
    /// </summary>
    LoopbackAddress,

    /// <summary>This process had no file descriptor left for what joining takes.</summary>
    OutOfDescriptors,
}

/// <summary>Joining a job failed.</summary>
public sealed class RendezvousException(RendezvousFailure reason, string coordinator, string message, Exception? inner = null)
    : MpiException(message, inner)
{
    /// <summary>Why.</summary>
    public RendezvousFailure Reason { get; } = reason;

    /// <summary>The coordinator's address as it was given.</summary>
    public string Coordinator { get; } = coordinator;
}

/// <summary>How far the set-up of a link had come.</summary>
public enum LinkStage
{
    /// <summary>Looking up the peer's address.</summary>
    Resolve,

    /// <summary>Connecting or punching.</summary>
    Punch,

    /// <summary>Proving the token to each other.</summary>
    Hello,

    /// <summary>Checking the link with a block of data.</summary>
    Validate,

    /// <summary>In use.</summary>
    Established,
}

/// <summary>A link to a peer could not be set up, or is refused by the job's topology.</summary>
public sealed class LinkException(int peer, LinkStage stage, int attempts, string message, Exception? inner = null) : MpiException(
    message, inner)
{
    /// <summary>World rank of the other end.</summary>
    public int Peer { get; } = peer;

    /// <summary>How far it came.</summary>
    public LinkStage Stage { get; } = stage;

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; } = attempts;

    /// <summary>This end, when known.</summary>
    public string? LocalEndPoint { get; init; }

    /// <summary>The other end, when known.</summary>
    public string? RemoteEndPoint { get; init; }
}

/// <summary>
/// Bytes that are not frames of this protocol arrived, and the connection that brought them is closed; or a message is not what it was
/// received as, and is consumed.
/// </summary>
public sealed class WireFormatException(string message) : MpiException(message);
