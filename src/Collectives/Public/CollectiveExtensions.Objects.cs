using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using BoxerMpi.Internal;
using CommunityToolkit.HighPerformance.Buffers;

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
    /// <exception cref="WireFormatException">What came is no object, or one of another type than <typeparamref name="T"/>.</exception>
    public static T? BroadcastObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T? value, int root = 0)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using ArrayPoolBufferWriter<byte> written = Serialise(communicator.Rank == root, value);
        ObjectLength length = communicator.Broadcast(ObjectLength.Of(written), root);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(LengthOf(communicator, length, root));
        written.WrittenSpan.CopyTo(bytes.Span);
        communicator.Broadcast(bytes.Span, root);
        return communicator.Rank == root ? value : ObjectFormat.Read<T>(bytes.Span, communicator, root);
    }

    /// <inheritdoc cref="BroadcastObject{T}(Communicator, T, int)"/>
    public static async ValueTask<T?> BroadcastObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T? value, int root = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using Communicator.CollectiveScope steps = communicator.EnterCollective();
        using ArrayPoolBufferWriter<byte> written = Serialise(communicator.Rank == root, value);
        ObjectLength length = await communicator.BroadcastAsync(ObjectLength.Of(written), root, cancellationToken).ConfigureAwait(false);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate(LengthOf(communicator, length, root));
        written.WrittenSpan.CopyTo(bytes.Span);
        await communicator.BroadcastAsync(bytes.Memory, root, cancellationToken).ConfigureAwait(false);
        return communicator.Rank == root ? value : ObjectFormat.Read<T>(bytes.Span, communicator, root);
    }

    /// <summary>Every rank sends an object to the root.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="value">Any object that MemoryPack can serialise.</param>
    /// <param name="root">The rank that gets the objects.</param>
    /// <returns>At the root the object of each rank, elsewhere nothing.</returns>
    /// <exception cref="WireFormatException">What came is no object, or one of another type than <typeparamref name="T"/>.</exception>
    /// <exception cref="InvalidOperationException">All objects together are longer than 2 GiB.</exception>
    public static T?[] GatherObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T? value, int root = 0)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using ArrayPoolBufferWriter<byte> written = Serialise(true, value);
        ObjectLength[] lengths = communicator.Gather(ObjectLength.Of(written), root);
        if (communicator.Rank != root)
        {
            communicator.GatherV(written.WrittenSpan, default, layout: null, root);
            return [];
        }

        BlockLayout layout = LayoutOf(communicator, lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate((int)layout.Total);
        communicator.GatherV(written.WrittenSpan, bytes.Span, layout, root);
        return DeserialiseAll<T>(communicator, bytes.Span, layout);
    }

    /// <inheritdoc cref="GatherObject{T}(Communicator, T, int)"/>
    public static async ValueTask<T?[]> GatherObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T? value, int root = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using Communicator.CollectiveScope steps = communicator.EnterCollective();
        using ArrayPoolBufferWriter<byte> written = Serialise(true, value);
        bool isRoot = communicator.Rank == root;
        ObjectLength[] lengths = isRoot ? new ObjectLength[communicator.Size] : [];
        await communicator.GatherAsync<ObjectLength>(new[] { ObjectLength.Of(written) }, lengths, root, cancellationToken).ConfigureAwait(false);
        if (!isRoot)
        {
            await communicator.GatherVAsync(written.WrittenMemory, default, layout: null, root, cancellationToken).ConfigureAwait(false);
            return [];
        }

        BlockLayout layout = LayoutOf(communicator, lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate((int)layout.Total);
        await communicator.GatherVAsync(written.WrittenMemory, bytes.Memory, layout, root, cancellationToken).ConfigureAwait(false);
        return DeserialiseAll<T>(communicator, bytes.Span, layout);
    }

    /// <summary>Every rank sends an object to all.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="value">Any object that MemoryPack can serialise.</param>
    /// <returns>The object of each rank.</returns>
    /// <exception cref="WireFormatException">What came is no object, or one of another type than <typeparamref name="T"/>.</exception>
    /// <exception cref="InvalidOperationException">All objects together are longer than 2 GiB.</exception>
    public static T?[] AllGatherObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T? value)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using ArrayPoolBufferWriter<byte> written = Serialise(true, value);
        BlockLayout layout = LayoutOf(communicator, communicator.AllGather(ObjectLength.Of(written)));
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate((int)layout.Total);
        communicator.AllGatherV(written.WrittenSpan, bytes.Span, layout);
        return DeserialiseAll<T>(communicator, bytes.Span, layout);
    }

    /// <inheritdoc cref="AllGatherObject{T}(Communicator, T)"/>
    public static async ValueTask<T?[]> AllGatherObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T? value, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using Communicator.CollectiveScope steps = communicator.EnterCollective();
        using ArrayPoolBufferWriter<byte> written = Serialise(true, value);
        ObjectLength[] lengths = await communicator.AllGatherAsync(ObjectLength.Of(written), cancellationToken).ConfigureAwait(false);
        BlockLayout layout = LayoutOf(communicator, lengths);
        using MemoryOwner<byte> bytes = MemoryOwner<byte>.Allocate((int)layout.Total);
        await communicator.AllGatherVAsync(written.WrittenMemory, bytes.Memory, layout, cancellationToken).ConfigureAwait(false);
        return DeserialiseAll<T>(communicator, bytes.Span, layout);
    }

    private static ArrayPoolBufferWriter<byte> Serialise<[DynamicallyAccessedMembers(Serialised)] T>(bool isSent, T? value)
    {
        ArrayPoolBufferWriter<byte> writer = new();
        if (isSent)
            ObjectFormat.Write(writer, value);
        return writer;
    }

    /// <summary>The bytes of an object, by the length that a rank told.</summary>
    /// <exception cref="WireFormatException">It told none: it calls something else.</exception>
    private static int LengthOf(Communicator communicator, ObjectLength length, int source)
    {
        if (length.IsOne)
            return length.Bytes;
        WireFormatException error = new(
            $"What rank {source} of \"{communicator.Name}\" told is not the length of an object: it calls another collective.");
        communicator.FailCollective(error, error.Message);
        throw error;
    }

    /// <summary>Where the objects of all ranks go that are received, by the lengths that they told.</summary>
    /// <exception cref="WireFormatException">A rank told none: it calls something else.</exception>
    /// <exception cref="InvalidOperationException">They are too long together.</exception>
    private static BlockLayout LayoutOf(Communicator communicator, ReadOnlySpan<ObjectLength> lengths)
    {
        int[] counts = new int[lengths.Length];
        for (int rank = 0; rank < counts.Length; rank++)
            counts[rank] = LengthOf(communicator, lengths[rank], rank);
        return LayoutOf(communicator, counts);
    }

    private static BlockLayout LayoutOf(Communicator communicator, int[] counts)
    {
        BlockLayout layout = BlockLayout.FromCounts(counts);
        if (layout.Total <= Array.MaxLength)
            return layout;
        InvalidOperationException error = new(
            $"The objects of all ranks have {layout.Total} bytes together; at most {Array.MaxLength} fit.");

        // The others go on to the objects themselves and would wait for this rank.
        communicator.FailCollective(error, error.Message);
        throw error;
    }

    private static T?[] DeserialiseAll<[DynamicallyAccessedMembers(Serialised)] T>(
        Communicator communicator, ReadOnlySpan<byte> bytes, BlockLayout layout)
    {
        T?[] values = new T?[layout.Size];
        for (int rank = 0; rank < values.Length; rank++)
        {
            ReadOnlySpan<byte> block = bytes.Slice((int)layout.Displacement(rank), (int)layout.Count(rank));
            values[rank] = ObjectFormat.Read<T>(block, communicator, rank);
        }

        return values;
    }
}
