using BoxerMpi.Wire;
using CsCheck;

namespace BoxerMpi.Tests;

/// <summary>The 40 bytes in front of every payload: pinned, because ranks of one version must agree on them for ever.</summary>
public sealed class FrameHeaderTests
{
    private static readonly Gen<FrameHeader> Headers = Gen.Select(
        Gen.Enum<FrameKind>(), Gen.Bool, Gen.UInt, Gen.ULong, Gen.Select(Gen.Int, Gen.Int, Gen.Int), Gen.UInt,
        Gen.Long[0, WireLimits.MaximumMessageBytes],
        (kind, checksum, sequence, context, ranks, credit, length) => new FrameHeader
        {
            Kind = kind,
            Flags = checksum ? FrameFlags.Checksum : FrameFlags.None,
            Sequence = sequence,
            Context = context,
            Tag = ranks.Item1,
            Source = ranks.Item2,
            Destination = ranks.Item3,
            Credit = credit,
            Length = Math.Min(length, WireLimits.MaximumLength(kind)),
        });

    [Fact]
    public void The_layout_is_what_it_is()
    {
        FrameHeader header = new()
        {
            Kind = FrameKind.Data,
            Flags = FrameFlags.Checksum,
            Sequence = 0x0403_0201,
            Context = 0x1817_1615_1413_1211,
            Tag = 0x2423_2221,
            Source = 0x3433_3231,
            Destination = 0x4443_4241,
            Credit = 0x5453_5251,
            Length = 0x0867_6665_6463_6261,
        };
        byte[] bytes = new byte[FrameHeader.Bytes];
        header.Write(bytes);
        Assert.Equal(
            [
                1, 4, 1, 0, 0x01, 0x02, 0x03, 0x04, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x21, 0x22, 0x23, 0x24,
                0x31, 0x32, 0x33, 0x34, 0x41, 0x42, 0x43, 0x44, 0x51, 0x52, 0x53, 0x54, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x08,
            ],
            bytes);
        Assert.Equal(40, FrameHeader.Bytes);
        FrameHeader.Read(bytes, out FrameHeader read);
        Assert.Equal(header, read);
    }

    [Fact]
    public void Kinds_and_flags_keep_their_numbers() => Assert.Equal(
        "Eager=1 RequestToSend=2 ClearToSend=3 Data=4 Credit=5 Revoke=6 Goodbye=7 Withdrawal=8 Held=9 More=10 None=0 Checksum=1",
        string.Join(' ', Enum.GetValues<FrameKind>().Select(kind => $"{kind}={(int)kind}").Concat(
            Enum.GetValues<FrameFlags>().Select(flag => $"{flag}={(int)flag}"))));

    [Fact]
    public void Every_header_reads_as_it_was_written() => Headers.Sample(
        header =>
        {
            byte[] bytes = new byte[FrameHeader.Bytes + 5];
            header.Write(bytes);
            FrameHeader.Read(bytes, out FrameHeader read);
            Assert.Equal(header, read);
            Assert.Equal(new byte[5], bytes[FrameHeader.Bytes..]);
        },
        iter: 5_000,
        threads: 1);

    [Theory]
    [InlineData(0, 0, "Expected a frame of version 1, got version 0")]
    [InlineData(0, 2, "Expected a frame of version 1, got version 2")]
    [InlineData(0, 255, "Expected a frame of version 1, got version 255")]
    [InlineData(1, 0, "Unknown frame kind 0")]
    [InlineData(1, 11, "Unknown frame kind 11")]
    [InlineData(1, 255, "Unknown frame kind 255")]
    [InlineData(2, 2, "Unknown frame flags 0x0002")]
    [InlineData(3, 0x80, "Unknown frame flags 0x8000")]
    public void A_wrong_byte_is_refused_with_what_was_expected(int position, byte value, string reason)
    {
        byte[] bytes = new byte[FrameHeader.Bytes];
        new FrameHeader { Kind = FrameKind.Goodbye }.Write(bytes);
        bytes[position] = value;
        Assert.Contains(reason, Assert.Throws<WireFormatException>(() => FrameHeader.Read(bytes, out _)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<int> Kinds => [.. Enum.GetValues<FrameKind>().Select(kind => (int)kind)];

    [Theory, MemberData(nameof(Kinds))]
    public void A_length_beyond_the_cap_of_its_kind_is_refused(int number)
    {
        FrameKind kind = (FrameKind)number;
        long cap = WireLimits.MaximumLength(kind);
        byte[] bytes = new byte[FrameHeader.Bytes];
        new FrameHeader { Kind = kind, Length = cap }.Write(bytes);
        FrameHeader.Read(bytes, out FrameHeader read);
        Assert.Equal(cap, read.Length);
        foreach (long length in (long[])[cap + 1, long.MaxValue, -1, long.MinValue])
        {
            new FrameHeader { Kind = kind, Length = length }.Write(bytes);
            WireFormatException error = Assert.Throws<WireFormatException>(() => FrameHeader.Read(bytes, out _));
            Assert.Contains($"A {kind} frame announces {length} bytes; at most {cap} are allowed", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_makes_a_receiver_allocate_is_within_the_credit()
    {
        Assert.Equal(WireLimits.CreditWindowBytes, WireLimits.MaximumLength(FrameKind.Eager));
        Assert.Equal(0, WireLimits.MaximumLength(FrameKind.Credit));
        Assert.Equal(0, WireLimits.MaximumLength(FrameKind.Goodbye));
        Assert.Equal(MessageOffer.Bytes, WireLimits.MaximumLength(FrameKind.RequestToSend));
        Assert.Equal(MessageGrant.Bytes, WireLimits.MaximumLength(FrameKind.ClearToSend));
        Assert.InRange(WireLimits.MaximumLength(FrameKind.Revoke), 1, 64 * 1024);

        // Sums of two lengths and an overhead do not overflow.
        Assert.True(WireLimits.MaximumMessageBytes + WireLimits.MaximumMessageBytes + WireLimits.MessageOverheadBytes > 0);
        Assert.InRange(WireLimits.CreditReturnBytes, 1, WireLimits.CreditWindowBytes / 2);
    }

    [Fact]
    public void Random_bytes_are_read_or_refused_and_nothing_else() => Gen.Byte.Array[FrameHeader.Bytes, 64].Sample(
        bytes =>
        {
            // Mostly past the version and the kind, so that the rest is tried too.
            if (bytes[5] % 8 != 0)
                (bytes[0], bytes[1], bytes[2], bytes[3]) = (1, (byte)(bytes[1] % 9), (byte)(bytes[2] % 3), 0);
            if (bytes[6] % 2 == 0)
                bytes.AsSpan(35, 5).Clear();
            try
            {
                FrameHeader.Read(bytes, out FrameHeader header);
                Assert.InRange(header.Length, 0, WireLimits.MaximumLength(header.Kind));
                byte[] again = new byte[FrameHeader.Bytes];
                header.Write(again);
                Assert.Equal(bytes[..FrameHeader.Bytes], again);
            }
            catch (WireFormatException)
            {
                // What a stranger gets.
            }
        },
        iter: 50_000,
        threads: 1);

    [Fact]
    public void Fewer_bytes_than_a_header_are_the_callers_mistake()
    {
        Assert.ThrowsAny<ArgumentException>(() => FrameHeader.Read(new byte[FrameHeader.Bytes - 1], out _));
        Assert.ThrowsAny<ArgumentException>(() => new FrameHeader { Kind = FrameKind.Eager }.Write(new byte[FrameHeader.Bytes - 1]));
    }
}
