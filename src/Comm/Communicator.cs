using System.IO.Hashing;
using System.Runtime.InteropServices;
using BoxerMpi.Internal;

namespace BoxerMpi;

/// <summary>A set of ranks that exchange messages among themselves, apart from those of every other communicator.</summary>
/// <remarks>
/// Point-to-point calls may come from several threads at once; collectives of one communicator, and calls that make communicators of all
/// its ranks, are started from one flow at a time, in the same order on every rank. Several threads may make communicators of groups at
/// the same time if their tags (or groups) differ, and any thread may dispose one. MPI 4.1 §7.
/// </remarks>
public partial class Communicator : IAsyncDisposable, IDisposable
{
    /// <summary>Receive from whichever rank sent first.</summary>
    public const int AnySource = -1;

    /// <summary>Receive whatever the tag.</summary>
    public const int AnyTag = -1;

    /// <summary>Stands for a rank where there is none, as beyond the edge of a box: a message to it or from it is none. MPI_PROC_NULL.</summary>
    /// <remarks>
    /// Sends to it and receives and probes from it end at once, whatever the tag; buffers stay as they are. The status tells this rank,
    /// <see cref="AnyTag"/> and no bytes. MPI 4.1 §3.10.
    /// </remarks>
    public const int NoRank = CartesianShape.NoRank;

    // The low bits of a context tell its uses apart; identities are multiples of 8.
    private const ulong CollectiveBit = 1;

    private long _collectives;
    private object? _collectiveState;
    private bool _isDisposed;
    private TimeSpan _timeout = TimeSpan.FromMinutes(10);

    private Communicator(
        Messenger messenger, Communicator? parent, Group group, ulong? groupKey, ulong? reserved, string name, Topology topology)
    {
        Messenger = messenger;
        Group = group;
        Name = name;
        Topology = topology;
        Rank = group.PositionOf(messenger.Rank);
        if (parent is not null)
            _timeout = parent.Timeout;

        // In one hold: a frame that comes between the count and the queue would be taken for one of a communicator that is gone.
        lock (messenger.Gate)
        {
            Contexts contexts = messenger.Contexts;
            Identity = reserved is { } context ? context
                : parent is null ? contexts.OpenWorld()
                : groupKey is { } key ? contexts.OpenOfGroup(parent.Identity, key)
                : contexts.OpenChild(parent.Identity);
            Queue = messenger.OpenQueue(Identity);
            CollectiveQueue = messenger.OpenQueue(Identity | CollectiveBit);
            messenger.Register(this);
        }
    }

    internal Communicator(in Membership membership)
        : this(
            membership.Parent.Messenger, membership.Parent, membership.Group, membership.GroupKey, membership.Reserved, membership.Name,
            membership.Topology)
    {
    }

    /// <summary>This rank's number here, from 0 to <see cref="Size"/> - 1.</summary>
    public int Rank { get; }

    /// <summary>The number of ranks.</summary>
    public int Size => Group.Size;

    /// <summary>Its name in messages: <c>world</c>, or what it was made from.</summary>
    public string Name { get; }

    /// <summary>Its members.</summary>
    public Group Group { get; }

    /// <summary>The links between its members that collectives use.</summary>
    public Topology Topology { get; }

    /// <summary>Whether it was disposed or freed: nothing new is begun on it.</summary>
    public bool IsDisposed => Volatile.Read(ref _isDisposed);

    /// <summary>
    /// How long an operation may wait before it fails with <see cref="MpiTimeoutException"/>. Default 10 minutes. BOXER_TIMEOUT (seconds).
    /// Time in which this process is stopped does not count.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The value is zero or negative and not <see cref="Timeout.InfiniteTimeSpan"/>.
    /// </exception>
    public TimeSpan Timeout
    {
        get => _timeout;
        set => _timeout = value > TimeSpan.Zero || value == System.Threading.Timeout.InfiniteTimeSpan
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "A timeout is positive, or Timeout.InfiniteTimeSpan.");
    }

    /// <summary>
    /// How long the job may still run: <see langword="null"/> where nothing limits it, zero when the time is over.
    /// </summary>
    /// <remarks>
    /// A rank that is a function has minutes only, and functions do not start together. What counts is the rank with the least time:
    /// the ranks have told theirs when they joined, and the minimum came back with the start of the job, so reading it here takes no
    /// messages. It is the moment at which a rank is asked to stop, some seconds before its host ends it. All ranks count down to the same
    /// moment, but look at different ones: where they have to come to the same decision, as to write a checkpoint and stop, one rank
    /// looks and broadcasts what it decides. BOXER_DEADLINE_MS, in milliseconds of Unix time, is what a rank may say for itself.
    /// </remarks>
    public TimeSpan? RemainingTime => Messenger.RemainingTime;

    internal Messenger Messenger { get; }

    internal ulong Identity { get; }

    internal MatchQueue Queue { get; }

    internal MatchQueue CollectiveQueue { get; }

    /// <summary>What the layer above keeps for this communicator: schedules and options.</summary>
    internal object? CollectiveState => Volatile.Read(ref _collectiveState);

    /// <summary>
    /// Ends every operation on this communicator, here and on all its members, with <see cref="CommunicatorRevokedException"/>.
    /// </summary>
    public void Revoke(string reason = "revoked by the program")
    {
        ThrowIfDisposed();
        lock (Messenger.Gate)
            Messenger.Revoke(this, reason, Messenger.Rank);
    }

    /// <summary>
    /// Ends it at once. With operations of this rank pending it is revoked on every rank; messages that nobody received are dropped. Where
    /// pending operations are to end first, <see cref="Free"/> it.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
            return;
        foreach (Communicator part in Parts)
            part.Dispose();
        Messenger.Unregister(this);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: rank {Rank} of {Size}";

    /// <summary>Ends the job on all ranks, as for wrong arguments: <c>return world.Quit(2, "pi: STEPS must be a number")</c>.</summary>
    /// <param name="exitCode">What the launcher exits with, 1 to 255.</param>
    /// <param name="message">Why, in a line for the user. It is shown once, however many ranks quit.</param>
    /// <returns>Never: it throws, and the body given to <c>MpiProgram</c> lets that pass.</returns>
    /// <remarks>One rank is enough; nobody waits for the others.</remarks>
    /// <exception cref="QuitException">Always.</exception>
    public int Quit(int exitCode, string message)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(exitCode, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(exitCode, 255);
        ArgumentException.ThrowIfNullOrWhiteSpace(message);
        throw new QuitException(exitCode, message) { Rank = Messenger.Rank };
    }

    internal static Communicator CreateWorld(Messenger messenger, Topology topology, string name = "world")
    {
        int[] ranks = new int[messenger.Size];
        for (int i = 0; i < ranks.Length; i++)
            ranks[i] = i;
        return new Communicator(messenger, parent: null, new Group(ranks, messenger.Rank), groupKey: null, reserved: null, name, topology);
    }

    /// <summary>A communicator of some of this one's ranks. Every member calls it in the same order, with the same arguments.</summary>
    /// <param name="members">Ranks here, in the order of their new ranks; this rank is among them.</param>
    /// <param name="name">For messages.</param>
    /// <remarks>
    /// The same call may make several of them, each on ranks of its own. They share a context, since no rank is in two.
    /// </remarks>
    internal Communicator CreateChild(ReadOnlySpan<int> members, string name) => new(PlanChild(members, name));

    /// <summary>Counts a communicator that the same call makes on other ranks but not here.</summary>
    internal void SkipChild()
    {
        lock (Messenger.Gate)
            Messenger.Contexts.SkipChild(Identity);
    }

    /// <summary>The context of what a collective will make; from now on messages for it are kept.</summary>
    internal ulong ReserveChild(CollectiveNumber call)
    {
        lock (Messenger.Gate)
            return Messenger.Contexts.OpenOfCollective(Identity, call.Call);
    }

    /// <summary>The collective makes nothing here after all.</summary>
    internal void ReleaseChild(ulong reserved)
    {
        lock (Messenger.Gate)
        {
            Messenger.Contexts.Close(reserved);
            Messenger.DropQueue(reserved);
            Messenger.DropQueue(reserved | CollectiveBit);
        }
    }

    /// <summary>A communicator of a group's members, made by these alone: no other rank of this communicator takes part.</summary>
    /// <remarks>
    /// The context follows from the members and the tag; the n-th creation with the same ones is the n-th on every member.
    /// </remarks>
    internal Communicator CreateFromGroup(Group group, int tag)
    {
        ThrowIfDisposed();
        int[] members = new int[group.Size];
        for (int i = 0; i < members.Length; i++)
        {
            members[i] = Group.PositionOf(group.WorldRanks[i]);
            if (members[i] < 0)
                throw new ArgumentException(
                    $"Rank {group.WorldRanks[i]} of the world is in the group but not in \"{Name}\".", nameof(group));
        }

        if (!members.Contains(Rank))
            throw new ArgumentException($"This rank ({Rank}) is not in the group: only its members make its communicator.", nameof(group));

        ulong key = XxHash3.HashToUInt64(MemoryMarshal.AsBytes(members.AsSpan()), tag);
        return new Communicator(MembershipOf(members, key, reserved: null, $"{Name}.group{tag}"));
    }

    /// <summary>As <see cref="CreateChild"/>, for communicators of other types.</summary>
    internal Membership PlanChild(ReadOnlySpan<int> members, string name)
    {
        ThrowIfDisposed();
        return MembershipOf(members, groupKey: null, reserved: null, name);
    }

    /// <summary>As the other form, with a context from <see cref="ReserveChild"/>.</summary>
    internal Membership PlanChild(ReadOnlySpan<int> members, string name, ulong reserved)
    {
        ThrowIfClosed();
        return MembershipOf(members, groupKey: null, reserved, name);
    }

    /// <summary>Keeps the first state that it is given, and returns the one that is kept.</summary>
    internal object KeepCollectiveState(object state) => Interlocked.CompareExchange(ref _collectiveState, state, null) ?? state;

    /// <summary>The communicators that belong to this one and end with it.</summary>
    private protected virtual IReadOnlyList<Communicator> Parts => [];

    internal int FromWorldRank(int worldRank) => Group.PositionOf(worldRank);

    internal int ToWorldRank(int rank) => rank < 0 ? rank : Group.WorldRanks[rank];

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, this);

    private Membership MembershipOf(ReadOnlySpan<int> members, ulong? groupKey, ulong? reserved, string name)
    {
        int[] worldRanks = new int[members.Length];
        for (int i = 0; i < members.Length; i++)
            worldRanks[i] = Group.WorldRanks[members[i]];
        Topology induced = Topology.Induced(members);

        // Members that no links connect reach each other by the off-topology policy.
        Topology topology = induced.IsConnected ? induced : Topology.Mesh(members.Length);
        return new(this, new Group(worldRanks, Messenger.Rank), groupKey, reserved, name, topology);
    }

    /// <summary>What a new communicator is made of.</summary>
    /// <param name="Parent">What it is made from.</param>
    /// <param name="Group">Its members.</param>
    /// <param name="GroupKey">A hash of the group and the tag where a group's members make it among themselves, else null.</param>
    /// <param name="Reserved">Its context where a collective makes it, which has reserved it, else null.</param>
    /// <param name="Name">For messages.</param>
    /// <param name="Topology">Links between its members.</param>
    internal readonly record struct Membership(
        Communicator Parent, Group Group, ulong? GroupKey, ulong? Reserved, string Name, Topology Topology);
}
