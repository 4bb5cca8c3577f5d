using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

public static partial class CollectiveExtensions
{
    /// <summary>Every rank sends one block to every rank and receives one block from each.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="send"><c>Size</c> blocks; block i goes to rank i. The same length on every rank.</param>
    /// <param name="receive">Same length as <paramref name="send"/>; block i comes from rank i. Apart from it, or the same memory.</param>
    /// <remarks>Collective. MPI 4.1 §6.8.</remarks>
    /// <exception cref="ArgumentException">
    /// Lengths differ, are no multiple of the communicator's size, or the buffers overlap in part.
    /// </exception>
    /// <exception cref="PeerFailedException">A rank was lost before its block arrived.</exception>
    public static void AllToAll<T>(this Communicator communicator, ReadOnlySpan<T> send, Span<T> receive)
        where T : unmanaged => Run(communicator, AllToAllKey(communicator, send, receive), send, receive);

    /// <inheritdoc cref="AllToAll{T}(Communicator, ReadOnlySpan{T}, Span{T})"/>
    public static ValueTask AllToAllAsync<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(communicator, AllToAllKey(communicator, send.Span, receive.Span), send, receive, op: null, cancellationToken);

    /// <summary>Every rank swaps one block with every rank, in place.</summary>
    /// <inheritdoc cref="AllToAll{T}(Communicator, ReadOnlySpan{T}, Span{T})"/>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer"><c>Size</c> blocks; block i goes to rank i, and afterwards is the one from rank i.</param>
    public static void AllToAll<T>(this Communicator communicator, Span<T> buffer)
        where T : unmanaged => communicator.AllToAll((ReadOnlySpan<T>)buffer, buffer);

    /// <inheritdoc cref="AllToAll{T}(Communicator, Span{T})"/>
    public static ValueTask AllToAllAsync<T>(
        this Communicator communicator, Memory<T> buffer, CancellationToken cancellationToken = default)
        where T : unmanaged => communicator.AllToAllAsync((ReadOnlyMemory<T>)buffer, buffer, cancellationToken);

    /// <summary>Every rank sends a block of any length to every rank.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="send">What goes to the others.</param>
    /// <param name="sendLayout">Where in <paramref name="send"/> the block for each rank is.</param>
    /// <param name="receive">Where the others' blocks go. Apart from <paramref name="send"/>, or the same memory.</param>
    /// <param name="receiveLayout">
    /// Where in <paramref name="receive"/> the block of each rank goes; its counts are those the others send.
    /// </param>
    /// <remarks>Collective; empty blocks are not sent. A layout that is used again makes the next call cheaper. MPI 4.1 §6.8.</remarks>
    /// <exception cref="ArgumentException">
    /// A layout does not fit the communicator or its buffer, what a rank sends to itself is not what it receives, or the buffers overlap
    /// in part.
    /// </exception>
    /// <exception cref="MessageTruncatedException">A rank sent another count than this rank's layout says.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its block arrived.</exception>
    public static void AllToAllV<T>(
        this Communicator communicator, ReadOnlySpan<T> send, BlockLayout sendLayout, Span<T> receive, BlockLayout receiveLayout)
        where T : unmanaged => Run(communicator, AllToAllVKey(communicator, send, sendLayout, receive, receiveLayout), send, receive);

    /// <inheritdoc cref="AllToAllV{T}(Communicator, ReadOnlySpan{T}, BlockLayout, Span{T}, BlockLayout)"/>
    public static ValueTask AllToAllVAsync<T>(
        this Communicator communicator,
        ReadOnlyMemory<T> send,
        BlockLayout sendLayout,
        Memory<T> receive,
        BlockLayout receiveLayout,
        CancellationToken cancellationToken = default)
        where T : unmanaged => RunAsync(
            communicator,
            AllToAllVKey(communicator, send.Span, sendLayout, receive.Span, receiveLayout),
            send,
            receive,
            op: null,
            cancellationToken);

    internal static PlanKey AllToAllKey<T>(Communicator communicator, ReadOnlySpan<T> send, Span<T> receive)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckLength(communicator, Collective.AllToAll, nameof(receive), receive.Length, send.Length, "as many as send has");
        long block = Arguments.BlockOf(communicator, Collective.AllToAll, nameof(send), send.Length);
        bool same = Arguments.AreSame(Collective.AllToAll, send, receive);
        return Key<T>(Collective.AllToAll, block) with { StageSend = same && communicator.Size > 1 };
    }

    internal static PlanKey AllToAllVKey<T>(
        Communicator communicator, ReadOnlySpan<T> send, BlockLayout sendLayout, Span<T> receive, BlockLayout receiveLayout)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckLayout(communicator, Collective.AllToAllV, nameof(sendLayout), sendLayout, nameof(send), send.Length);
        Arguments.CheckTarget(communicator, Collective.AllToAllV, nameof(receiveLayout), receiveLayout, nameof(receive), receive.Length);
        (long toSelf, long fromSelf) = (sendLayout.Count(communicator.Rank), receiveLayout.Count(communicator.Rank));
        if (toSelf != fromSelf)
        {
            throw new ArgumentException(
                $"AllToAllV on \"{communicator.Name}\": rank {communicator.Rank} sends {toSelf} elements to itself but receives " +
                $"{fromSelf}.",
                nameof(receiveLayout));
        }

        bool same = Arguments.AreSame(Collective.AllToAllV, send, receive);
        return Key<T>(Collective.AllToAllV, 0) with { SendLayout = sendLayout, ReceiveLayout = receiveLayout, StageSend = same };
    }
}
