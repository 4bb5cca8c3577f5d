using BoxerMpi.Wire;
using CsCheck;

namespace BoxerMpi.Tests;

/// <summary>The eight bytes behind a payload.</summary>
public sealed class FrameChecksumTests
{
    private static readonly FrameHeader Header = new()
    {
        Kind = FrameKind.Eager,
        Flags = FrameFlags.Checksum,
        Sequence = 7,
        Context = 8,
        Tag = 3,
        Source = 1,
        Destination = 2,
        Length = 5,
    };

    [Fact]
    public void It_is_what_it_is()
    {
        byte[] trailer = Trailer(Header, "hello"u8);
        byte[] header = new byte[FrameHeader.Bytes];
        Header.Write(header);
        Assert.Equal(System.IO.Hashing.XxHash3.HashToUInt64([.. header, .. "hello"u8]), BitConverter.ToUInt64(trailer));
        Assert.Equal(8, FrameChecksum.Bytes);
    }

    [Fact]
    public unsafe void The_pieces_do_not_matter() => Gen.Select(Gen.Byte.Array[0, 300], Gen.Int[1, 50]).Sample(
        (payload, piece) =>
        {
            FrameChecksum checksum = new();
            checksum.Begin(Header with { Sequence = 99 });
            checksum.Append([1, 2, 3]);
            checksum.Begin(Header);
            for (int at = 0; at < payload.Length; at += piece)
            {
                Span<byte> part = payload.AsSpan(at, Math.Min(piece, payload.Length - at));
                fixed (byte* start = part)
                {
                    if (at % 2 == 0)
                        checksum.Append(part);
                    else
                        checksum.Append(start, part.Length);
                }
            }

            Assert.True(checksum.Matches(Trailer(Header, payload)));
        },
        iter: 1_000,
        threads: 1);

    [Fact]
    public void Every_field_and_every_byte_counts()
    {
        byte[] right = Trailer(Header, "hello"u8);
        Assert.Equal(right, Trailer(Header, "hello"u8));
        FrameHeader[] others =
        [
            Header with { Kind = FrameKind.Data },
            Header with { Flags = FrameFlags.None },
            Header with { Sequence = 6 },
            Header with { Context = 9 },
            Header with { Tag = 4 },
            Header with { Source = 0 },
            Header with { Destination = 0 },
            Header with { Credit = 1 },
            Header with { Length = 6 },
        ];
        Assert.All(others, other => Assert.NotEqual(right, Trailer(other, "hello"u8)));
        Assert.NotEqual(right, Trailer(Header, "hellO"u8));
        Assert.NotEqual(right, Trailer(Header, "hell"u8));
        FrameChecksum checksum = new();
        checksum.Begin(Header);
        checksum.Append("hello"u8);
        for (int i = 0; i < right.Length; i++)
        {
            byte[] wrong = (byte[])right.Clone();
            wrong[i] ^= 1;
            Assert.False(checksum.Matches(wrong));
        }
    }

    private static byte[] Trailer(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        FrameChecksum checksum = new();
        checksum.Begin(header);
        checksum.Append(payload);
        byte[] trailer = new byte[FrameChecksum.Bytes];
        checksum.Write(trailer);
        return trailer;
    }
}
