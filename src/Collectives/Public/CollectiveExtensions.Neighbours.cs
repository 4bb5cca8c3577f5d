using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

// Exchanges with the neighbours of a Cartesian or graph communicator.
public static partial class CollectiveExtensions
{
    /// <summary>Every rank sends a block to each of its destinations.</summary>
    /// <param name="communicator">A Cartesian or graph communicator.</param>
    /// <param name="send">This rank's block; of the same length on every rank.</param>
    /// <param name="receive">
    /// A block for each of <see cref="NeighbourCommunicator.Sources"/>. May not overlap <paramref name="send"/>.
    /// </param>
    /// <remarks>Collective. Blocks of neighbours beyond an edge stay as they are. MPI 4.1 §8.6.</remarks>
    /// <exception cref="ArgumentException">The receive buffer does not hold a block for each source, or overlaps.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its block arrived.</exception>
    public static void NeighbourAllGather<T>(this NeighbourCommunicator communicator, ReadOnlySpan<T> send, Span<T> receive)
        where T : unmanaged => Run(communicator, NeighbourAllGatherKey(communicator, send, receive), send, receive);

    /// <inheritdoc cref="NeighbourAllGather{T}(NeighbourCommunicator, ReadOnlySpan{T}, Span{T})"/>
    public static ValueTask NeighbourAllGatherAsync<T>(
        this NeighbourCommunicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(communicator, NeighbourAllGatherKey(communicator, send.Span, receive.Span), send, receive, op: null, cancellationToken);

    /// <summary>Prepares an all-gather among neighbours that can be started many times.</summary>
    /// <inheritdoc cref="NeighbourAllGather{T}(NeighbourCommunicator, ReadOnlySpan{T}, Span{T})"/>
    public static PersistentCollective PrepareNeighbourAllGather<T>(
        this NeighbourCommunicator communicator, ReadOnlyMemory<T> send, Memory<T> receive)
        where T : unmanaged =>
        Prepared(communicator, NeighbourAllGatherKey(communicator, send.Span, receive.Span), send, receive, op: null);

    /// <summary>Every rank sends a value to each of its destinations.</summary>
    /// <returns>The value of each source; the default beyond an edge.</returns>
    public static T[] NeighbourAllGather<T>(this NeighbourCommunicator communicator, T value)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        T[] values = new T[communicator.Sources.Length];
        communicator.NeighbourAllGather(new ReadOnlySpan<T>(in value), values);
        return values;
    }

    /// <summary>Every rank sends a block of its own length to each of its destinations.</summary>
    /// <param name="communicator">A Cartesian or graph communicator.</param>
    /// <param name="send">This rank's block.</param>
    /// <param name="receive">Where the blocks go. May not overlap <paramref name="send"/>.</param>
    /// <param name="layout">Where the block of each of <see cref="NeighbourCommunicator.Sources"/> goes; null without sources.</param>
    /// <remarks>Collective. Blocks of neighbours beyond an edge stay as they are. MPI 4.1 §8.6.</remarks>
    /// <exception cref="ArgumentException">The layout does not fit the sources or the receive buffer, or the buffers overlap.</exception>
    /// <exception cref="MessageTruncatedException">A source sent another count than the layout says.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its block arrived.</exception>
    public static void NeighbourAllGatherV<T>(
        this NeighbourCommunicator communicator, ReadOnlySpan<T> send, Span<T> receive, BlockLayout? layout)
        where T : unmanaged => Run(communicator, NeighbourAllGatherVKey(communicator, send, receive, layout), send, receive);

    /// <inheritdoc cref="NeighbourAllGatherV{T}(NeighbourCommunicator, ReadOnlySpan{T}, Span{T}, BlockLayout?)"/>
    public static ValueTask NeighbourAllGatherVAsync<T>(
        this NeighbourCommunicator communicator,
        ReadOnlyMemory<T> send,
        Memory<T> receive,
        BlockLayout? layout,
        CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(
            communicator, NeighbourAllGatherVKey(communicator, send.Span, receive.Span, layout), send, receive, op: null,
            cancellationToken);

    /// <summary>Prepares an all-gather with counts among neighbours that can be started many times.</summary>
    /// <inheritdoc cref="NeighbourAllGatherV{T}(NeighbourCommunicator, ReadOnlySpan{T}, Span{T}, BlockLayout?)"/>
    public static PersistentCollective PrepareNeighbourAllGatherV<T>(
        this NeighbourCommunicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, BlockLayout? layout)
        where T : unmanaged =>
        Prepared(communicator, NeighbourAllGatherVKey(communicator, send.Span, receive.Span, layout), send, receive, op: null);

    /// <summary>Every rank sends each of its destinations a block of its own: the halo exchange.</summary>
    /// <param name="communicator">A Cartesian or graph communicator.</param>
    /// <param name="send">A block for each of <see cref="NeighbourCommunicator.Destinations"/>; of the same length on every rank.</param>
    /// <param name="receive">
    /// A block for each of <see cref="NeighbourCommunicator.Sources"/>. May not overlap <paramref name="send"/>.
    /// </param>
    /// <remarks>Collective. Blocks of neighbours beyond an edge are not sent and stay as they are. MPI 4.1 §8.6.</remarks>
    /// <exception cref="ArgumentException">The buffers do not hold a block of the same length for each neighbour, or overlap.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its block arrived.</exception>
    public static void NeighbourAllToAll<T>(this NeighbourCommunicator communicator, ReadOnlySpan<T> send, Span<T> receive)
        where T : unmanaged => Run(communicator, NeighbourAllToAllKey(communicator, send, receive), send, receive);

    /// <inheritdoc cref="NeighbourAllToAll{T}(NeighbourCommunicator, ReadOnlySpan{T}, Span{T})"/>
    public static ValueTask NeighbourAllToAllAsync<T>(
        this NeighbourCommunicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(communicator, NeighbourAllToAllKey(communicator, send.Span, receive.Span), send, receive, op: null, cancellationToken);

    /// <summary>Prepares an all-to-all among neighbours that can be started many times.</summary>
    /// <inheritdoc cref="NeighbourAllToAll{T}(NeighbourCommunicator, ReadOnlySpan{T}, Span{T})"/>
    public static PersistentCollective PrepareNeighbourAllToAll<T>(
        this NeighbourCommunicator communicator, ReadOnlyMemory<T> send, Memory<T> receive)
        where T : unmanaged => Prepared(communicator, NeighbourAllToAllKey(communicator, send.Span, receive.Span), send, receive, op: null);

    /// <summary>Every rank sends each of its destinations a block of any length.</summary>
    /// <param name="communicator">A Cartesian or graph communicator.</param>
    /// <param name="send">What goes to the destinations.</param>
    /// <param name="sendLayout">
    /// Where the block for each of <see cref="NeighbourCommunicator.Destinations"/> is; null without destinations.
    /// </param>
    /// <param name="receive">Where the sources' blocks go. May not overlap <paramref name="send"/>.</param>
    /// <param name="receiveLayout">
    /// Where the block of each of <see cref="NeighbourCommunicator.Sources"/> goes; null without sources.
    /// </param>
    /// <remarks>Collective. Blocks of neighbours beyond an edge are not sent and stay as they are. MPI 4.1 §8.6.</remarks>
    /// <exception cref="ArgumentException">A layout does not fit the neighbours or its buffer, or the buffers overlap.</exception>
    /// <exception cref="MessageTruncatedException">A source sent another count than the layout says.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its block arrived.</exception>
    public static void NeighbourAllToAllV<T>(
        this NeighbourCommunicator communicator, ReadOnlySpan<T> send, BlockLayout? sendLayout, Span<T> receive, BlockLayout? receiveLayout)
        where T : unmanaged =>
        Run(communicator, NeighbourAllToAllVKey(communicator, send, sendLayout, receive, receiveLayout), send, receive);

    /// <inheritdoc cref="NeighbourAllToAllV{T}(NeighbourCommunicator, ReadOnlySpan{T}, BlockLayout?, Span{T}, BlockLayout?)"/>
    public static ValueTask NeighbourAllToAllVAsync<T>(
        this NeighbourCommunicator communicator,
        ReadOnlyMemory<T> send,
        BlockLayout? sendLayout,
        Memory<T> receive,
        BlockLayout? receiveLayout,
        CancellationToken cancellationToken = default)
        where T : unmanaged => RunAsync(
            communicator,
            NeighbourAllToAllVKey(communicator, send.Span, sendLayout, receive.Span, receiveLayout),
            send,
            receive,
            op: null,
            cancellationToken);

    /// <summary>Prepares an all-to-all with counts among neighbours that can be started many times.</summary>
    /// <inheritdoc cref="NeighbourAllToAllV{T}(NeighbourCommunicator, ReadOnlySpan{T}, BlockLayout?, Span{T}, BlockLayout?)"/>
    public static PersistentCollective PrepareNeighbourAllToAllV<T>(
        this NeighbourCommunicator communicator, ReadOnlyMemory<T> send, BlockLayout? sendLayout, Memory<T> receive,
        BlockLayout? receiveLayout)
        where T : unmanaged => Prepared(
            communicator, NeighbourAllToAllVKey(communicator, send.Span, sendLayout, receive.Span, receiveLayout), send, receive, op: null);

    private static PlanKey NeighbourAllGatherKey<T>(NeighbourCommunicator communicator, ReadOnlySpan<T> send, Span<T> receive)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckBlocks(
            communicator, Collective.NeighbourAllGather, nameof(receive), receive.Length, send.Length, communicator.Sources.Length,
            "sources");
        _ = Arguments.AreSame(Collective.NeighbourAllGather, send, receive, mayBeSame: false);
        return Key<T>(Collective.NeighbourAllGather, send.Length);
    }

    private static PlanKey NeighbourAllGatherVKey<T>(
        NeighbourCommunicator communicator, ReadOnlySpan<T> send, Span<T> receive, BlockLayout? layout)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckSources(communicator, Collective.NeighbourAllGatherV, nameof(layout), layout, nameof(receive), receive.Length);
        _ = Arguments.AreSame(Collective.NeighbourAllGatherV, send, receive, mayBeSame: false);
        return Key<T>(Collective.NeighbourAllGatherV, send.Length) with { ReceiveLayout = layout };
    }

    private static PlanKey NeighbourAllToAllKey<T>(NeighbourCommunicator communicator, ReadOnlySpan<T> send, Span<T> receive)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        (int sources, int destinations) = (communicator.Sources.Length, communicator.Destinations.Length);

        // A rank without destinations cannot tell the length from what it sends.
        long block = destinations > 0 ? send.Length / destinations : sources > 0 ? receive.Length / sources : 0;
        Arguments.CheckBlocks(communicator, Collective.NeighbourAllToAll, nameof(send), send.Length, block, destinations, "destinations");
        Arguments.CheckBlocks(communicator, Collective.NeighbourAllToAll, nameof(receive), receive.Length, block, sources, "sources");
        _ = Arguments.AreSame(Collective.NeighbourAllToAll, send, receive, mayBeSame: false);
        return Key<T>(Collective.NeighbourAllToAll, block);
    }

    private static PlanKey NeighbourAllToAllVKey<T>(
        NeighbourCommunicator communicator, ReadOnlySpan<T> send, BlockLayout? sendLayout, Span<T> receive, BlockLayout? receiveLayout)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        const Collective Call = Collective.NeighbourAllToAllV;
        Arguments.CheckNeighbours(
            communicator, Call, nameof(sendLayout), sendLayout, communicator.Destinations, "destinations", nameof(send), send.Length);
        Arguments.CheckSources(communicator, Call, nameof(receiveLayout), receiveLayout, nameof(receive), receive.Length);
        _ = Arguments.AreSame(Call, send, receive, mayBeSame: false);
        return Key<T>(Call, 0) with { SendLayout = sendLayout, ReceiveLayout = receiveLayout };
    }
}
