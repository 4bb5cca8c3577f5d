using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using CommunityToolkit.HighPerformance.Buffers;
using MemoryPack;

namespace BoxerMpi;

// Objects of any length: first their lengths go round, then their bytes.
public static partial class CollectiveExtensions
{
    private const DynamicallyAccessedMemberTypes Serialised = DynamicallyAccessedMemberTypes.All;

    /// <summary>Brings the root's object to all ranks.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="value">Any object that MemoryPack can serialise, at the root; ignored elsewhere.</param>
    /// <param name="root">The rank that has the object.</param>
    /// <returns>At the root the object itself, elsewhere a copy.</returns>
    /// <exception cref="WireFormatException">What came is not a <typeparamref name="T"/>.</exception>
    public static T? BroadcastObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T? value, int root = 0)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using ArrayPoolBufferWriter<byte> written = Serialise(communicator.Rank == root, value);
        int length = communicator.Broadcast(written.WrittenCount, root);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(length);
        written.WrittenSpan.CopyTo(bytes.Span);
        communicator.Broadcast(bytes.Span, root);
        return communicator.Rank == root ? value : Deserialise<T>(bytes.Span, root);
    }

    /// <inheritdoc cref="BroadcastObject{T}(Communicator, T, int)"/>
    public static async ValueTask<T?> BroadcastObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T? value, int root = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using ArrayPoolBufferWriter<byte> written = Serialise(communicator.Rank == root, value);
        int length = await communicator.BroadcastAsync(written.WrittenCount, root, cancellationToken).ConfigureAwait(false);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(length);
        written.WrittenSpan.CopyTo(bytes.Span);
        await communicator.BroadcastAsync(bytes.Memory, root, cancellationToken).ConfigureAwait(false);
        return communicator.Rank == root ? value : Deserialise<T>(bytes.Span, root);
    }

    /// <summary>Every rank sends an object to the root.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="value">Any object that MemoryPack can serialise.</param>
    /// <param name="root">The rank that gets the objects.</param>
    /// <returns>At the root the object of each rank, elsewhere nothing.</returns>
    /// <exception cref="WireFormatException">What came is not a <typeparamref name="T"/>.</exception>
    /// <exception cref="InvalidOperationException">All objects together are longer than 2 GiB.</exception>
    public static T?[] GatherObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T? value, int root = 0)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using ArrayPoolBufferWriter<byte> written = Serialise(true, value);
        int[] lengths = communicator.Gather(written.WrittenCount, root);
        if (communicator.Rank != root)
        {
            communicator.GatherV(written.WrittenSpan, default, layout: null, root);
            return [];
        }

        BlockLayout layout = BlockLayout.FromCounts(lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(TotalOf(layout));
        communicator.GatherV(written.WrittenSpan, bytes.Span, layout, root);
        return DeserialiseAll<T>(bytes.Span, layout);
    }

    /// <inheritdoc cref="GatherObject{T}(Communicator, T, int)"/>
    public static async ValueTask<T?[]> GatherObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T? value, int root = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using ArrayPoolBufferWriter<byte> written = Serialise(true, value);
        bool isRoot = communicator.Rank == root;
        int[] lengths = isRoot ? new int[communicator.Size] : [];
        await communicator.GatherAsync<int>(new[] { written.WrittenCount }, lengths, root, cancellationToken).ConfigureAwait(false);
        if (!isRoot)
        {
            await communicator.GatherVAsync(written.WrittenMemory, default, layout: null, root, cancellationToken).ConfigureAwait(false);
            return [];
        }

        BlockLayout layout = BlockLayout.FromCounts(lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(TotalOf(layout));
        await communicator.GatherVAsync(written.WrittenMemory, bytes.Memory, layout, root, cancellationToken).ConfigureAwait(false);
        return DeserialiseAll<T>(bytes.Span, layout);
    }

    /// <summary>Every rank sends an object to all.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="value">Any object that MemoryPack can serialise.</param>
    /// <returns>The object of each rank.</returns>
    /// <exception cref="WireFormatException">What came is not a <typeparamref name="T"/>.</exception>
    /// <exception cref="InvalidOperationException">All objects together are longer than 2 GiB.</exception>
    public static T?[] AllGatherObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T? value)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using ArrayPoolBufferWriter<byte> written = Serialise(true, value);
        BlockLayout layout = BlockLayout.FromCounts(communicator.AllGather(written.WrittenCount));
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(TotalOf(layout));
        communicator.AllGatherV(written.WrittenSpan, bytes.Span, layout);
        return DeserialiseAll<T>(bytes.Span, layout);
    }

    /// <inheritdoc cref="AllGatherObject{T}(Communicator, T)"/>
    public static async ValueTask<T?[]> AllGatherObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T? value, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using ArrayPoolBufferWriter<byte> written = Serialise(true, value);
        int[] lengths = await communicator.AllGatherAsync(written.WrittenCount, cancellationToken).ConfigureAwait(false);
        BlockLayout layout = BlockLayout.FromCounts(lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(TotalOf(layout));
        await communicator.AllGatherVAsync(written.WrittenMemory, bytes.Memory, layout, cancellationToken).ConfigureAwait(false);
        return DeserialiseAll<T>(bytes.Span, layout);
    }

    private static ArrayPoolBufferWriter<byte> Serialise<[DynamicallyAccessedMembers(Serialised)] T>(bool isSent, T? value)
    {
        ArrayPoolBufferWriter<byte> writer = new();
        if (isSent)
            MemoryPackSerializer.Serialize(writer, value);
        return writer;
    }

    private static T?[] DeserialiseAll<[DynamicallyAccessedMembers(Serialised)] T>(ReadOnlySpan<byte> bytes, BlockLayout layout)
    {
        T?[] values = new T?[layout.Size];
        for (int rank = 0; rank < values.Length; rank++)
            values[rank] = Deserialise<T>(bytes.Slice((int)layout.Displacement(rank), (int)layout.Count(rank)), rank);
        return values;
    }

    private static T? Deserialise<[DynamicallyAccessedMembers(Serialised)] T>(ReadOnlySpan<byte> bytes, int source)
    {
        try
        {
            return MemoryPackSerializer.Deserialize<T>(bytes);
        }
        catch (Exception exception) when (exception is MemoryPackSerializationException or OverflowException)
        {
            // MemoryPack reports some malformed lengths as overflow.
            throw new WireFormatException($"The {bytes.Length} bytes from rank {source} are no {typeof(T).Name}: {exception.Message}");
        }
    }

    private static int TotalOf(BlockLayout layout) => layout.Total <= Array.MaxLength
        ? (int)layout.Total
        : throw new InvalidOperationException(
            $"The objects of all ranks have {layout.Total} bytes together; at most {Array.MaxLength} fit.");
}
