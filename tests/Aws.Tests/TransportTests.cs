using System.Net;
using System.Net.Sockets;
using System.Text;
using BoxerMpi.LambdaService;
using BoxerMpi.LambdaService.Http;
using Microsoft.AspNetCore.Http;

namespace BoxerMpi.Aws.Tests;

/// <summary>How often a request leaves, and what is known when no answer comes.</summary>
public class TransportTests
{
    private static readonly LambdaClientOptions Anybody = new() { Region = "us-east-1", Credentials = ("AKIA", "secret", null) };

    [Theory]
    [InlineData(429, "TooManyRequestsException", LambdaFailure.Throttled, false)]
    [InlineData(500, "ServiceException", LambdaFailure.Service, true)]
    [InlineData(503, "", LambdaFailure.Service, true)]
    public async Task An_invocation_leaves_once_whatever_the_answer(int status, string type, LambdaFailure failure, bool mayHaveRun)
    {
        int requests = 0;
        await using HttpHost server = await HttpHost.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), new HttpRules(1_000_000, TimeSpan.FromMinutes(1)), async context =>
        {
            Interlocked.Increment(ref requests);
            if (type.Length > 0)
                context.Response.Headers["x-amzn-ErrorType"] = type + ":http://internal.amazon.com/coral/com.amazonaws.lambda/";
            await Bodies.WriteAsync(context, status, Encoding.UTF8.GetBytes("""{"Reason":"CallerRateLimitExceeded","Type":"User","message":"no"}"""));
        });
        using LambdaClient client = new(Anybody with { EndpointUrl = $"http://{server.EndPoint}" });
        LambdaException error = await Assert.ThrowsAsync<LambdaException>(() => client.InvokeAsync(new Invocation("f", default)));
        Assert.Equal(1, requests);
        Assert.Equal((failure, mayHaveRun), (error.Failure, error.MayHaveRun));
        if (type.Length > 0)
            Assert.Equal((type, "CallerRateLimitExceeded"), (error.Code, error.ThrottleReason));
    }

    [Fact]
    public async Task An_invocation_leaves_once_when_the_connection_breaks_or_no_answer_comes()
    {
        int requests = 0;
        TaskCompletionSource end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using HttpHost server = await HttpHost.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), new HttpRules(1_000_000, TimeSpan.FromMinutes(1)), async context =>
        {
            switch (Interlocked.Increment(ref requests))
            {
                case 1:
                    // So that the next one finds a pooled connection.
                    await Bodies.WriteAsync(context, 200, "{}"u8.ToArray());
                    break;
                case 2:
                    context.Abort();
                    break;
                default:
                    await end.Task;
                    break;
            }
        });
        using LambdaClient client = new(
            Anybody with { EndpointUrl = $"http://{server.EndPoint}", InvocationTimeout = TimeSpan.FromSeconds(1) });
        await client.InvokeAsync(new Invocation("f", default));
        LambdaException broken = await Assert.ThrowsAsync<LambdaException>(() => client.InvokeAsync(new Invocation("f", default)));
        Assert.Equal((2, LambdaFailure.Unreachable, true), (requests, broken.Failure, broken.MayHaveRun));
        LambdaException late = await Assert.ThrowsAsync<LambdaException>(() => client.InvokeAsync(new Invocation("f", default)));
        Assert.Equal((3, LambdaFailure.Unreachable, true), (requests, late.Failure, late.MayHaveRun));
        end.SetResult();
    }

    [Fact]
    public async Task A_question_is_repeated_until_it_is_answered()
    {
        int requests = 0;
        await using HttpHost server = await HttpHost.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), new HttpRules(1_000_000, TimeSpan.FromMinutes(1)), context =>
            Interlocked.Increment(ref requests) < 3
                ? Bodies.WriteAsync(context, 500, "{}"u8.ToArray())
                : Bodies.WriteAsync(context, 200, "{\"Functions\":[]}"u8.ToArray()));
        using LambdaClient client = new(Anybody with { EndpointUrl = $"http://{server.EndPoint}" });
        Assert.Empty(await client.ListFunctionsAsync());
        Assert.Equal(3, requests);
    }

    [Fact]
    public async Task Nobody_there_is_told_with_the_address_and_has_started_nothing()
    {
        using Socket closed = new(SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using LambdaClient client = new(Anybody with { EndpointUrl = $"http://{closed.LocalEndPoint}" });
        LambdaException error = await Assert.ThrowsAsync<LambdaException>(() => client.InvokeAsync(new Invocation("f", default)));
        Assert.Equal((LambdaFailure.Unreachable, false), (error.Failure, error.MayHaveRun));
        Assert.Contains(closed.LocalEndPoint!.ToString()!, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_wait_is_cancelled()
    {
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously), end = new(
            TaskCreationOptions.RunContinuationsAsynchronously);
        await using HttpHost server = await HttpHost.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), new HttpRules(1_000_000, TimeSpan.FromMinutes(1)), async _ =>
        {
            arrived.TrySetResult();
            await end.Task;
        });
        using LambdaClient client = new(Anybody with { EndpointUrl = $"http://{server.EndPoint}" });
        using CancellationTokenSource cancel = new();
        Task<InvocationResult> invocation = client.InvokeAsync(new Invocation("f", default), cancel.Token);
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => invocation);
        end.SetResult();
    }
}
