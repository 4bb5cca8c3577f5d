using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using CommunityToolkit.HighPerformance.Buffers;
using MemoryPack;

namespace BoxerMpi.Internal;

/// <summary>How objects travel: a header that says what they are, then the bytes of MemoryPack.</summary>
/// <remarks>
/// marker 8 · hash of the type's full name 4 · length of MemoryPack's bytes 4 · length of the name 1 · name in UTF-8, at most 64.
/// MemoryPack believes its bytes and may read beyond them, which ends the process: it gets none that were not written for this type.
/// </remarks>
internal static class ObjectFormat
{
    // No text, and no number that a program sends: invalid as UTF-8, a NaN of unusual payload as a double.
    private const ulong Marker = 0xfff1_b0c5_0b1e_c7a7;
    private const int HashAt = 8;
    private const int LengthAt = 12;
    private const int NameLengthAt = 16;
    private const int FixedBytes = 17;
    private const int NameBytes = 64;

    /// <summary>Appends an object.</summary>
    public static void Write<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] T>(
        ArrayPoolBufferWriter<byte> writer, T? value)
    {
        int start = writer.WrittenCount;
        writer.Write(TypeOf<T>.Header);
        int body = writer.WrittenCount;
        MemoryPackSerializer.Serialize(writer, value);
        Span<byte> header = MemoryMarshal.AsMemory(writer.WrittenMemory).Span[start..body];
        BinaryPrimitives.WriteInt32LittleEndian(header[LengthAt..], writer.WrittenCount - body);
    }

    /// <summary>Reads an object.</summary>
    /// <param name="bytes">The whole of it.</param>
    /// <param name="communicator">Where it came.</param>
    /// <param name="source">Who sent it.</param>
    /// <param name="tag">Its tag, or less than zero for none.</param>
    /// <exception cref="WireFormatException">The bytes are no object, or one of another type.</exception>
    public static T? Read<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] T>(
        ReadOnlySpan<byte> bytes, Communicator communicator, int source, int tag = Communicator.AnyTag)
    {
        if (NameLengthIn(bytes) is not { } length)
        {
            throw new WireFormatException(
                $"{Origin(bytes, communicator, source, tag)} is no object, so no {TypeOf<T>.Name}: what is received as an object is sent as one.");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[HashAt..]) != TypeOf<T>.Hash)
        {
            throw new WireFormatException(
                $"{Origin(bytes, communicator, source, tag)} is a {NameOf(bytes)}, not a {TypeOf<T>.Name}: the sender and the receiver of an " +
                "object name the same type.");
        }

        try
        {
            return MemoryPackSerializer.Deserialize<T>(bytes[(FixedBytes + length)..]);
        }
        catch (Exception exception) when (exception is MemoryPackSerializationException or OverflowException or ArgumentOutOfRangeException)
        {
            // Written by another version of the type; MemoryPack reports some malformed lengths by the other two.
            throw new WireFormatException(
                $"{Origin(bytes, communicator, source, tag)} is no {TypeOf<T>.Name} as this program knows it: {exception.Message}");
        }
    }

    /// <summary>Whether these bytes begin as an object does.</summary>
    public static unsafe bool IsMarked(byte* bytes, long length) =>
        length is >= FixedBytes and <= int.MaxValue && *(ulong*)bytes == Marker;

    /// <summary>The error of an object that was received as elements; null when the bytes are none.</summary>
    public static WireFormatException? Refusal(ReadOnlySpan<byte> bytes, Type elements, Communicator communicator, Status status)
    {
        if (NameLengthIn(bytes) is null)
            return null;
        return new WireFormatException(
            $"{Origin(bytes, communicator, status.Source, status.Tag)} is an object ({NameOf(bytes)}) and was received as elements of " +
            $"{NameOf(elements)}: what is sent as an object is received as one.");
    }

    private static string Origin(ReadOnlySpan<byte> bytes, Communicator communicator, int source, int tag) =>
        $"The message of {bytes.Length} bytes from rank {source}{(tag < 0 ? "" : $" (tag {tag})")} on \"{communicator.Name}\"";

    /// <summary>The length of the name in the header, or null where there is no header or the length is not the one that it tells.</summary>
    private static int? NameLengthIn(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < FixedBytes || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Marker)
            return null;
        int length = bytes[NameLengthAt];
        return length <= NameBytes && bytes.Length - FixedBytes - (long)length == BinaryPrimitives.ReadInt32LittleEndian(bytes[LengthAt..])
            ? length
            : null;
    }

    private static string NameOf(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes.Slice(FixedBytes, bytes[NameLengthAt]));

    private static string NameOf(Type type)
    {
        if (type.IsArray)
            return $"{NameOf(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        bool isKnown = type.Namespace is "System" or "System.Collections.Generic";
        if (!type.IsGenericType)
            return isKnown ? type.Name : type.ToString();
        string name = isKnown ? type.Name : type.GetGenericTypeDefinition().FullName!;
        int tick = name.IndexOf('`', StringComparison.Ordinal);
        return $"{(tick < 0 ? name : name[..tick])}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>";
    }

    private static class TypeOf<T>
    {
        public static readonly string Name = NameOf(typeof(T));

        // Without assemblies, which have other names where a program is compiled ahead.
        public static readonly uint Hash = (uint)XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(typeof(T).ToString()));

        public static readonly byte[] Header = MakeHeader();

        private static byte[] MakeHeader()
        {
            byte[] header = new byte[FixedBytes + NameBytes];
            BinaryPrimitives.WriteUInt64LittleEndian(header, Marker);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(HashAt), Hash);
            Encoding.UTF8.GetEncoder().Convert(Name, header.AsSpan(FixedBytes), flush: false, out _, out int length, out _);
            header[NameLengthAt] = (byte)length;
            return header[..(FixedBytes + length)];
        }
    }
}
