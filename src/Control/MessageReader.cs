using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace BoxerMpi.Control;

/// <summary>Reads the fields of a message; whatever is short, too long or left over is a <see cref="WireFormatException"/>.</summary>
internal ref struct MessageReader(ReadOnlySpan<byte> source)
{
    private ReadOnlySpan<byte> _rest = source;

    public byte Byte() => Take(1)[0];

    public bool Flag() => Byte() switch
    {
        0 => false,
        1 => true,
        byte other => throw new WireFormatException($"A flag of value {other} arrived."),
    };

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    public TimeSpan Time() => TimeSpan.FromTicks(Int64());

    /// <summary>A time that sums cannot overflow with, or none.</summary>
    public TimeSpan? OptionalTime()
    {
        if (!Flag())
            return null;
        TimeSpan time = Time();
        return time > TimeSpan.MinValue / 4 && time < TimeSpan.MaxValue / 4 ? time : throw new WireFormatException($"A time of {time.TotalDays:F0} days arrived.");
    }

    public ReadOnlySpan<byte> Bytes(int count) => Take(count);

    public Guid Id() => new(Take(16));

    public string Text(int maximumBytes)
    {
        int length = UInt16();
        if (length > maximumBytes)
            throw new WireFormatException($"A text of {length} bytes arrived where at most {maximumBytes} are allowed.");
        return Encoding.UTF8.GetString(Take(length));
    }

    /// <summary>Reads a count and checks that so many items of a least size can follow.</summary>
    public int Count(int maximum, int leastItemBytes)
    {
        int count = Int32();
        if (count < 0 || count > maximum || (long)count * leastItemBytes > _rest.Length)
            throw new WireFormatException($"A count of {count} arrived where {maximum} are allowed and {_rest.Length} bytes follow.");
        return count;
    }

    public IPEndPoint EndPoint() => OptionalEndPoint() ?? throw new WireFormatException("No endpoint arrived where there has to be one.");

    public IPEndPoint? OptionalEndPoint()
    {
        int addressBytes = Byte() switch
        {
            0 => 0,
            4 => 4,
            6 => 16,
            byte other => throw new WireFormatException($"An address of unknown family {other} arrived."),
        };
        return addressBytes == 0 ? null : new IPEndPoint(new IPAddress(Take(addressBytes)), UInt16());
    }

    public IPEndPoint[] EndPoints(int maximum = Limits.EndPointsPerMember)
    {
        int count = Byte();
        if (count > maximum)
            throw new WireFormatException($"{count} endpoints were announced; at most {maximum} are allowed.");
        IPEndPoint[] endPoints = new IPEndPoint[count];
        for (int i = 0; i < count; i++)
            endPoints[i] = EndPoint();
        return endPoints;
    }

    /// <summary>All that is left.</summary>
    public ReadOnlySpan<byte> Rest() => Take(_rest.Length);

    public readonly void End()
    {
        if (_rest.Length != 0)
            throw new WireFormatException($"{_rest.Length} bytes follow the end of a message.");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            throw new WireFormatException($"A message ends {count - _rest.Length} bytes short.");
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
