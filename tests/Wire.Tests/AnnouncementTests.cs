using BoxerMpi.Wire;
using CsCheck;

namespace BoxerMpi.Tests;

/// <summary>Payloads of the frames that announce long messages and ask for them.</summary>
public sealed class AnnouncementTests
{
    [Fact]
    public void The_layouts_are_what_they_are()
    {
        byte[] offer = new byte[MessageOffer.Bytes], grant = new byte[MessageGrant.Bytes];
        new MessageOffer(0x0807_0605_0403_0201, 0x1817_1615_1413_1211).Write(offer);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18], offer);
        new MessageGrant(1, 2, 3, true).Write(grant);
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], grant);
    }

    [Fact]
    public void Offers_read_as_they_were_written() => Gen.Select(Gen.ULong, Gen.Long[0, WireLimits.MaximumMessageBytes]).Sample(
        (id, bytes) =>
        {
            MessageOffer offer = new(id, bytes);
            byte[] written = new byte[MessageOffer.Bytes];
            offer.Write(written);
            Assert.Equal(offer, MessageOffer.Read(written));
        },
        iter: 2_000,
        threads: 1);

    [Fact]
    public void Grants_read_as_they_were_written() => Gen.Select(Gen.ULong, Gen.ULong, Gen.Long[0, long.MaxValue], Gen.Bool).Sample(
        (send, receive, upTo, final) =>
        {
            MessageGrant grant = new(send, receive, upTo, final);
            byte[] written = new byte[MessageGrant.Bytes];
            grant.Write(written);
            Assert.Equal(grant, MessageGrant.Read(written));
        },
        iter: 2_000,
        threads: 1);

    [Theory]
    [InlineData(-1L)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData(WireLimits.MaximumMessageBytes + 1)]
    public void Offers_of_impossible_lengths_are_refused(long length)
    {
        byte[] bytes = new byte[MessageOffer.Bytes];
        new MessageOffer(1, length).Write(bytes);
        Assert.Contains(
            $"{length} bytes was announced", Assert.Throws<WireFormatException>(() => MessageOffer.Read(bytes)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1L)]
    [InlineData(long.MinValue)]
    public void Grants_before_the_beginning_are_refused(long upTo)
    {
        byte[] bytes = new byte[MessageGrant.Bytes];
        new MessageGrant(1, 2, upTo, false).Write(bytes);
        Assert.Contains(
            $"byte {upTo}", Assert.Throws<WireFormatException>(() => MessageGrant.Read(bytes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_bytes_are_read_or_refused_and_nothing_else() => Gen.Byte.Array[MessageGrant.Bytes].Sample(
        bytes =>
        {
            foreach (Action read in (Action[])[() => MessageOffer.Read(bytes), () => MessageGrant.Read(bytes)])
                Assert.True(Record.Exception(read) is null or WireFormatException);
        },
        iter: 5_000,
        threads: 1);
}
