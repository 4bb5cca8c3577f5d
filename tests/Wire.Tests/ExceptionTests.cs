using System.Reflection;

namespace BoxerMpi.Tests;

/// <summary>What users catch.</summary>
public sealed class ExceptionTests
{
    [Fact]
    public void Everything_that_others_did_is_one_family()
    {
        Type[] types = [.. typeof(MpiException).Assembly.GetExportedTypes().Where(type => type.IsSubclassOf(typeof(Exception)))];
        Assert.Equal(11, types.Length);
        Assert.All(
            types,
            type => Assert.True(type == typeof(MpiException) || (type.IsSealed && type.BaseType == typeof(MpiException)), type.Name));
    }

    [Fact]
    public void Lists_and_texts_are_never_null()
    {
        MpiException[] errors =
        [
            new MpiException("m"), new MpiTimeoutException("m"), new PeerFailedException("m"), new CommunicatorRevokedException("m"),
            new MessageTruncatedException("m"), new CollectiveMismatchException("m"), new JobAbortedException("m"),
            new RendezvousException(RendezvousFailure.JobFull, "here", "m"), new LinkException(3, LinkStage.Punch, 4, "m"),
            new WireFormatException("m"),
        ];
        foreach (MpiException error in errors)
        {
            Assert.Equal("m", error.Message);
            Assert.Equal(-1, error.Rank);
            foreach (PropertyInfo property in error.GetType().GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly))
            {
                if (property.PropertyType != typeof(Exception) && !property.Name.EndsWith("EndPoint", StringComparison.Ordinal))
                    Assert.True(property.GetValue(error) is not null, $"{error.GetType().Name}.{property.Name}");
            }
        }

        Exception cause = new IOException("gone");
        Assert.Same(cause, new PeerFailedException("m", cause).Cause);
        Assert.Equal(
            (3, LinkStage.Punch, 4),
            (((LinkException)errors[8]).Peer, ((LinkException)errors[8]).Stage, ((LinkException)errors[8]).Attempts));
    }
}
