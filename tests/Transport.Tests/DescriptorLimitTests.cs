using BoxerMpi.Transport;
using Microsoft.Win32.SafeHandles;

namespace BoxerMpi.Tests;

/// <summary>What is read of the system's limit of open files, and done about it.</summary>
public sealed unsafe class DescriptorLimitTests
{
    [Theory]
    [InlineData(1, 16)]
    [InlineData(128, 16)]
    [InlineData(256, 32)]
    [InlineData(512, 64)]
    [InlineData(1024, 64)]
    [InlineData(1_048_576, 64)]
    [InlineData(int.MaxValue, 64)]
    public void The_reserve_is_an_eighth_within_bounds(int limit, int reserve) => Assert.Equal(reserve, DescriptorLimit.ReserveOf(limit));

    [Fact]
    public void The_soft_limit_is_raised_to_the_hard_one()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "limits of other systems are not touched");
        ResourceLimit before = Read();
        ResourceLimit lower = before with { Soft = before.Hard - 1 };
        Assert.Equal(0, ResourceLimit.Set(ResourceLimit.OpenFiles, &lower));
        try
        {
            Assert.Equal((int)Math.Min(lower.Soft, int.MaxValue), DescriptorLimit.Current);
            DescriptorLimit.Raise();
            Assert.Equal((before.Hard, before.Hard), (Read().Soft, Read().Hard));
            Assert.Equal((int)Math.Min(before.Hard, int.MaxValue), DescriptorLimit.Current);

            // Nothing to raise any more.
            DescriptorLimit.Raise();
            Assert.Equal((before.Hard, before.Hard), (Read().Soft, Read().Hard));
        }
        finally
        {
            _ = ResourceLimit.Set(ResourceLimit.OpenFiles, &before);
        }
    }

    [Fact]
    public void What_is_open_is_counted()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "there is no list of them on other systems");
        SafeFileHandle[] files = [.. Enumerable.Range(0, 50).Select(_ => File.OpenHandle("/dev/null"))];
        Assert.InRange(DescriptorLimit.Open, files.Length, DescriptorLimit.Current);
        Array.ForEach(files, file => file.Dispose());
    }

    [Fact]
    public void A_number_within_the_reserve_is_near()
    {
        int first = DescriptorLimit.Current - DescriptorLimit.Reserve;
        Assert.False(DescriptorLimit.IsNear(first - 1));
        Assert.True(DescriptorLimit.IsNear(first));
    }

    [Fact]
    public void A_shortage_names_the_limit_and_what_to_raise()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the limit is not known on other systems");
        Assert.Contains($"this process may have {DescriptorLimit.Current}", DescriptorLimit.Shortage, StringComparison.Ordinal);
        Assert.Contains("ulimit -n", DescriptorLimit.Shortage, StringComparison.Ordinal);
    }

    private static ResourceLimit Read()
    {
        ResourceLimit limit;
        Assert.Equal(0, ResourceLimit.Get(ResourceLimit.OpenFiles, &limit));
        return limit;
    }
}
