/* libtickerimport: B3's quote files into a database, fast and exact. One include for all of it. */
#ifndef TICKERIMPORT_H
#define TICKERIMPORT_H

#include <tickerimport/answers.h>
#include <tickerimport/aws.h>
#include <tickerimport/batch.h>
#include <tickerimport/cache.h>
#include <tickerimport/consumer.h>
#include <tickerimport/error.h>
#include <tickerimport/event.h>
#include <tickerimport/import.h>
#include <tickerimport/limits.h>
#include <tickerimport/metrics.h>
#include <tickerimport/options.h>
#include <tickerimport/pool.h>
#include <tickerimport/query.h>
#include <tickerimport/queue.h>
#include <tickerimport/reader.h>
#include <tickerimport/report.h>
#include <tickerimport/s3.h>
#include <tickerimport/schema.h>
#include <tickerimport/sns.h>
#include <tickerimport/source.h>
#include <tickerimport/sqs.h>
#include <tickerimport/status.h>
#include <tickerimport/storage.h>
#include <tickerimport/store.h>
#include <tickerimport/upload.h>
#include <tickerimport/version.h>

#endif
